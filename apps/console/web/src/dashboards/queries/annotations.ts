import { type Labels, queryRange, type Series } from "../../api/prometheus.ts";
import { parseDurationMs } from "../../range/range.ts";
import { legend } from "../frames/prometheus.ts";
import type { Annotation } from "../model/dashboard.ts";
import { interpolate } from "../variables/interpolate.ts";
import { queryContext, type Scope } from "./context.ts";

/** A time range that is marked in every graph. `from` and `to` are milliseconds since the epoch. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  readonly title: string;
  readonly text: string;
}

/** With fewer steps in the range, the start and end of a band would be inaccurate, so there are no bands. */
const MIN_POINTS = 10;

/** Returns the bands of an annotation: the time ranges in which its query has a value other than 0. */
export async function annotationBands(
  annotation: Annotation,
  scope: Scope,
  signal?: AbortSignal,
): Promise<Band[]> {
  if (annotation.datasource.type !== "prometheus" || annotation.target.query === "") return [];
  const context = queryContext(scope, { maxDataPoints: 1000, interval: annotation.target.interval });
  const step = Math.max(context.intervalMs, parseDurationMs(annotation.target.interval) ?? 0) / 1000;
  const expr = interpolate(annotation.target.query, context.resolve, "promql");
  const at = (time: number) => Math.floor(time / 1000 / step) * step;
  const range = { from: at(scope.range.from.valueOf()), to: at(scope.range.to.valueOf()) };
  if (range.to - range.from < step * MIN_POINTS) return [];
  const series = await queryRange(expr, range, step, signal);
  return series.flatMap((one) => periodsOf(one, step).map(toBand(annotation, one.metric)));
}

/**
 * Returns the time ranges with consecutive points of a series, in seconds since the epoch. Points with the value 0 are
 * ignored.
 */
export function periodsOf({ values }: Pick<Series, "values">, step: number): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const [time, value] of values) {
    if (Number(value) === 0) continue;
    const last = found.at(-1);
    if (last && time - last.to <= step * 1.5) last.to = time;
    else found.push({ from: time, to: time });
  }
  return found;
}

const toBand =
  ({ colour, name, titleFormat, textFormat }: Annotation, labels: Labels) =>
  ({ from, to }: { from: number; to: number }): Band => ({
    from: from * 1000,
    to: to * 1000,
    colour,
    title: titleFormat ? legend(titleFormat, labels, name) : name,
    text: textFormat ? legend(textFormat, labels, "") : "",
  });
