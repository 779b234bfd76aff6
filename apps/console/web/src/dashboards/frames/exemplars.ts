import type { Exemplars, Labels } from "../../api/prometheus.ts";
import { numberOf } from "./prometheus.ts";

/** A request that is drawn as a point in a graph. */
export interface ExemplarPoint {
  readonly time: number;
  readonly value: number;
  /** Empty if the exemplar has no trace id. */
  readonly traceId: string;
  readonly labels: Labels;
  /** The total number, if only some are shown. */
  readonly of?: number;
}

/** The maximum number of points. More would overlap. */
const MAX_POINTS = 150;

/**
 * Selects the requests to draw: the slowest of each interval, so that no outlier is missing, the fastest, and one
 * between them.
 */
export function exemplarPoints(
  response: readonly Exemplars[],
  fromMs: number,
  toMs: number,
): ExemplarPoint[] {
  const seen = new Set<string>();
  const all = response
    .flatMap(({ seriesLabels, exemplars }) =>
      exemplars.map(({ labels, value, timestamp }) => ({
        time: Math.round(timestamp * 1000),
        value: numberOf(value),
        traceId: labels.trace_id ?? labels.traceID ?? "",
        labels: { ...seriesLabels, ...labels },
      })),
    )
    .filter(({ time, value, traceId }) => {
      const key = `${traceId}/${time}/${value}`;
      if (time < fromMs || time > toMs || !Number.isFinite(value) || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  if (all.length <= MAX_POINTS) return all;
  const width = (toMs - fromMs) / (MAX_POINTS / 3);
  const intervals = Map.groupBy(all, ({ time }) => Math.floor((time - fromMs) / width));
  return [...intervals.values()]
    .flatMap((points) => spread(points.sort((a, b) => b.value - a.value)))
    .map((point) => ({ ...point, of: all.length }));
}

const spread = (points: readonly ExemplarPoint[]): ExemplarPoint[] => {
  if (points.length <= 3) return [...points];
  return [points[0], points[points.length >> 1], points.at(-1)].filter((point) => point !== undefined);
};
