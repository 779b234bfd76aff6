import type { Series } from "../../api/prometheus.ts";

/** The requests with a duration in (from, to], in milliseconds. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Converts Prometheus' cumulative buckets to counts between two bounds. */
export function bucketsOf(series: readonly Series[]): readonly Bucket[] {
  const bounds = series
    .map(({ metric, values }) => ({
      to: metric.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(metric.le) * 1000,
      below: Number(values.at(-1)?.[1] ?? 0) || 0,
    }))
    .filter(({ to }) => !Number.isNaN(to))
    .sort((a, b) => a.to - b.to);
  return bounds.map(({ to, below }, index) => {
    const before = bounds[index - 1];
    return { from: before?.to ?? 0, to, count: Math.max(0, Math.round(below - (before?.below ?? 0))) };
  });
}

/** Returns the index of the bucket of a duration. */
export const bucketOf = (buckets: readonly Bucket[], ms: number): number =>
  buckets.findIndex(({ to }) => ms <= to);

/** Removes empty buckets at both ends, but keeps the one at `keep` and one more on each side. */
export function withoutEmptyEnds(buckets: readonly Bucket[], keep: number): readonly Bucket[] {
  const filled = buckets.flatMap(({ count }, index) => (count > 0 || index === keep ? [index] : []));
  if (filled.length === 0) return buckets.slice(0, 6);
  return buckets.slice(Math.max(0, (filled[0] ?? 0) - 1), (filled.at(-1) ?? 0) + 2);
}

export interface Rank {
  readonly all: number;
  /** Requests in the same bucket. */
  readonly same: number;
  /** Requests in buckets with shorter or longer durations. */
  readonly faster: number;
  readonly slower: number;
}

/** Compares the duration of a request with all requests. */
export function rankOf(buckets: readonly Bucket[], ms: number): Rank {
  const index = bucketOf(buckets, ms);
  const sum = (some: readonly Bucket[]) => some.reduce((total, { count }) => total + count, 0);
  return {
    all: sum(buckets),
    same: buckets[index]?.count ?? 0,
    faster: sum(buckets.slice(0, Math.max(0, index))),
    slower: index < 0 ? 0 : sum(buckets.slice(index + 1)),
  };
}
