import type { Exemplars } from "../../api/prometheus.ts";

/** One exemplar of a histogram. */
export interface Exemplar {
  readonly traceId: string;
  readonly service: string;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** Seconds. */
  readonly value: number;
}

const TRACE_ID = /^[0-9a-f]{32}$/;

/** Returns whether a string is a valid trace id. */
export const isTraceId = (text: string): boolean => TRACE_ID.test(text);

/**
 * Returns each stored request once, oldest first: the newest `maxCount` fast requests and the newest `maxCount` slow
 * requests. `more` is the number of requests that were not selected.
 */
export function exemplarsOf(
  found: readonly Exemplars[],
  limit: number,
  maxCount: number,
): { readonly shown: readonly Exemplar[]; readonly more: number } {
  const all = new Map<string, Exemplar>();
  for (const { seriesLabels, exemplars } of found)
    for (const { labels, value, timestamp } of exemplars) {
      const traceId = labels.trace_id ?? labels.traceID ?? "";
      const [at, seconds] = [Number(timestamp) * 1000, Number(value)];
      if (isTraceId(traceId) && Number.isFinite(at) && Number.isFinite(seconds))
        all.set(traceId, { traceId, service: seriesLabels.service_name ?? "", at, value: seconds });
    }
  const ordered = [...all.values()].sort((a, b) => a.at - b.at);
  const [quick, late] = [
    ordered.filter(({ value }) => value < limit),
    ordered.filter(({ value }) => value >= limit),
  ];
  const shown = [...quick.slice(-maxCount), ...late.slice(-maxCount)].sort((a, b) => a.at - b.at);
  return { shown, more: ordered.length - shown.length };
}

/** Returns the slowest request since a time. */
export const slowest = (all: readonly Exemplar[], since: number): Exemplar | undefined =>
  all
    .filter(({ at }) => at >= since)
    .sort((a, b) => a.value - b.value)
    .at(-1);

/** A point on a plot, in pixels. */
interface Placed {
  readonly exemplar: Exemplar;
  readonly left: number;
  readonly top: number;
}

/**
 * Selects points that do not overlap. Always includes the chosen one, and prefers late ones.
 */
export function withoutOverlaps<T extends Placed>(
  points: readonly T[],
  gap: number,
  chosen: string | undefined,
): T[] {
  const rank = ({ exemplar }: T) => (exemplar.traceId === chosen ? Number.POSITIVE_INFINITY : exemplar.value);
  const kept: T[] = [];
  for (const point of points.toSorted((a, b) => rank(b) - rank(a)))
    if (
      kept.every(({ left, top }) => Math.max(Math.abs(left - point.left), Math.abs(top - point.top)) >= gap)
    )
      kept.push(point);
  return kept.sort((a, b) => a.left - b.left);
}
