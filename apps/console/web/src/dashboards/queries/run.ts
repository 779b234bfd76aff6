import type { DataFrame } from "@grafana/data";
import { queryLoki } from "../../api/loki.ts";
import { query as instantQuery, queryExemplars, queryRange, type Series } from "../../api/prometheus.ts";
import { searchTraces } from "../../api/tempo.ts";
import { fetchServiceMap, serviceMapQueries } from "../../service-map/calls.ts";
import { type ExemplarPoint, exemplarPoints } from "../frames/exemplars.ts";
import { logFrame } from "../frames/loki.ts";
import { heatmapFrame, legend, seriesFrames, tableFrame } from "../frames/prometheus.ts";
import { callsFrame } from "../frames/service-map.ts";
import { tracesFrame } from "../frames/tempo.ts";
import type { Target } from "../model/target.ts";
import { interpolate } from "../variables/interpolate.ts";
import type { QueryContext } from "./context.ts";

/** Runs one query. If the panel has `several` queries, the value columns of tables get unique names. */
export async function runTarget(
  target: Target,
  context: QueryContext,
  several: boolean,
  signal?: AbortSignal,
): Promise<readonly DataFrame[]> {
  const kind = kindOf(target, context);
  if (kind === "tempo" && target.queryType === "serviceMap") return serviceMap(target, context, signal);
  if (target.query.trim() === "") return [];
  switch (kind) {
    case "prometheus":
      return prometheus(target, context, several, signal);
    case "loki":
      return loki(target, context, several, signal);
    case "tempo":
      return traces(target, context, signal);
    default:
      throw new Error(
        `This panel uses a data source that the lab does not have: ${kind || "no name given"}.`,
      );
  }
}

/** Returns the type of a data source. The name can be a variable. */
function kindOf({ datasource }: Target, { resolve }: QueryContext): string {
  const name = interpolate(datasource.type || datasource.uid, resolve);
  const other = interpolate(datasource.uid, resolve);
  const known = ["prometheus", "loki", "tempo"];
  return (
    known.find((kind) => name === kind) ??
    known.find((kind) => other === kind) ??
    (name === "" ? "prometheus" : name)
  );
}

const spanOf = ({ scope: { range } }: QueryContext) => ({
  from: range.from.valueOf() / 1000,
  to: range.to.valueOf() / 1000,
});

/** Aligns the time range with the step, so that a refresh does not change existing points. */
function aligned(context: QueryContext) {
  const step = context.intervalMs / 1000;
  const { from, to } = spanOf(context);
  return { step, from: Math.floor(from / step) * step, to: Math.floor(to / step) * step };
}

async function prometheus(
  target: Target,
  context: QueryContext,
  several: boolean,
  signal?: AbortSignal,
): Promise<readonly DataFrame[]> {
  const expr = interpolate(target.query, context.resolve, "promql");
  const { step, ...span } = aligned(context);
  const series = target.instant
    ? await instantQuery(expr, spanOf(context).to, signal)
    : await queryRange(expr, span, step, signal);
  return metricFrames(target, series, context, expr, several);
}

/** Fetches the exemplars of the buckets that a query selects. */
export async function runExemplars(
  target: Target,
  context: QueryContext,
  signal?: AbortSignal,
): Promise<readonly ExemplarPoint[]> {
  if (kindOf(target, context) !== "prometheus" || target.query.trim() === "") return [];
  const response = await queryExemplars(
    interpolate(target.query, context.resolve, "promql"),
    spanOf(context),
    signal,
  );
  const { from, to } = context.scope.range;
  return exemplarPoints(response, from.valueOf(), to.valueOf());
}

function metricFrames(
  { format, refId, legendFormat, instant }: Target,
  series: readonly Series[],
  { intervalMs, resolve }: QueryContext,
  expr: string,
  several: boolean,
): readonly DataFrame[] {
  if (format === "table") return [tableFrame(series, refId, several ? `Value #${refId}` : "Value")];
  if (format === "heatmap") {
    const frame = heatmapFrame(series, refId, intervalMs);
    if (frame) return [frame];
  }
  const named = interpolate(legendFormat, resolve);
  return seriesFrames(
    series,
    refId,
    (labels) => legend(named, labels, expr),
    instant ? undefined : intervalMs,
  );
}

async function loki(target: Target, context: QueryContext, several: boolean, signal?: AbortSignal) {
  const expr = interpolate(target.query, context.resolve, "promql");
  const { step, from } = aligned(context);
  const limit = target.limit ?? 1000;
  const to = spanOf(context).to * 1000;
  const at = target.instant ? { time: to } : { from: from * 1000, to, step, limit };
  const result = await queryLoki(expr, at, signal);
  if (result.type === "lines") return [logFrame(result.lines.toReversed(), target.refId, limit)];
  // As in Grafana's Loki data source, the result of an instant query is one table for every type of panel.
  if (target.instant) return [tableFrame(result.series, target.refId, `Value #${target.refId}`)];
  return metricFrames(target, result.series, context, expr, several);
}

async function traces(target: Target, context: QueryContext, signal?: AbortSignal) {
  const query = interpolate(target.query, context.resolve, "pipe");
  const { from, to } = spanOf(context);
  const limit = target.limit ?? 20;
  const found = await searchTraces(query, { from: from * 1000, to: to * 1000, limit }, signal);
  return [tracesFrame(found, target.refId, limit)];
}

async function serviceMap(target: Target, context: QueryContext, signal?: AbortSignal) {
  const { to } = spanOf(context);
  const { calls, unnamed } = await fetchServiceMap(serviceMapQueries("$__range", "mean"), (expr) =>
    instantQuery(interpolate(expr, context.resolve), to, signal),
  );
  return calls.length > 0 ? [callsFrame(calls, target.refId, unnamed.kinds)] : [];
}
