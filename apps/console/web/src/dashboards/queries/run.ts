import type { DataFrame } from "@grafana/data";
import { query as instantQuery, queryExemplars, queryRange, type Series } from "../../api/prometheus.ts";
import { type ExemplarPoint, exemplarPoints } from "../frames/exemplars.ts";
import { linesOf, logFrame } from "../frames/loki.ts";
import { heatmapFrame, seriesFrames, tableFrame } from "../frames/prometheus.ts";
import { callsFrame, callsOf, SERVICE_MAP, unnamedOf } from "../frames/service-map.ts";
import { tracesFrame } from "../frames/tempo.ts";
import type { Target } from "../model/target.ts";
import { interpolate } from "../variables/interpolate.ts";
import { lokiQuery, searchTraces } from "./backends.ts";
import type { QueryContext } from "./context.ts";
import { legend } from "./legend.ts";

/** Asks one query. `several`: the panel has others too, so that a table's value needs a name of its own. */
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
        `This panel asks a data source that the lab does not have: ${kind || "none is named"}.`,
      );
  }
}

/** The kind of data source, by its type or, where that is a variable, by what the variable is. */
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

/** On the grid of the steps, so that a refresh moves the points and does not reshuffle them. */
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

/** The requests behind the buckets that a query selects. */
export async function runExemplars(
  target: Target,
  context: QueryContext,
  signal?: AbortSignal,
): Promise<readonly ExemplarPoint[]> {
  if (kindOf(target, context) !== "prometheus" || target.query.trim() === "") return [];
  const answer = await queryExemplars(
    interpolate(target.query, context.resolve, "promql"),
    spanOf(context),
    signal,
  );
  const { from, to } = context.scope.range;
  return exemplarPoints(answer, from.valueOf(), to.valueOf());
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
  const asked = target.instant
    ? { query: expr, time: spanOf(context).to }
    : { query: expr, from, to: spanOf(context).to, step, limit };
  const answer = await lokiQuery(asked, signal);
  if (answer.resultType === "streams") return [logFrame(linesOf(answer.result), target.refId, limit)];
  // As in Grafana's Loki data source, the result of an instant query is one table for every type of panel.
  if (target.instant) return [tableFrame(answer.result, target.refId, `Value #${target.refId}`)];
  return metricFrames(target, answer.result, context, expr, several);
}

async function traces(target: Target, context: QueryContext, signal?: AbortSignal) {
  const query = interpolate(target.query, context.resolve, "pipe");
  const { from, to } = spanOf(context);
  const limit = target.limit ?? 20;
  const found = await searchTraces(query, { from, to }, limit, signal);
  return [tracesFrame(found, target.refId, limit)];
}

async function serviceMap(target: Target, context: QueryContext, signal?: AbortSignal) {
  const { to } = spanOf(context);
  const ask = (expr: string) => instantQuery(interpolate(expr, context.resolve), to, signal);
  const [requests, seconds, failed, refused] = await Promise.all([
    ask(SERVICE_MAP.requests),
    ask(SERVICE_MAP.seconds),
    ask(SERVICE_MAP.failed),
    ask(SERVICE_MAP.refused),
  ]);
  const calls = callsOf({ requests, seconds, failed, refused });
  return calls.length > 0 ? [callsFrame(calls, target.refId, unnamedOf(requests))] : [];
}
