import { type Fields, type Line, readLines } from "../lines/read.ts";
import { get } from "./http.ts";
import type { Sample, Series } from "./prometheus.ts";

/** Unix time in milliseconds. */
interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export interface RangeQuery extends TimeRange {
  readonly limit: number;
  /** Which lines to return if `limit` is exceeded: the latest (`backward`, the default) or the first. */
  readonly direction?: "backward" | "forward" | undefined;
  /** The step of a metric query, in seconds. */
  readonly step?: number | undefined;
}

/** The result of a query: lines of a log query, or series of a metric query. */
export type LokiResult =
  | { readonly type: "lines"; readonly lines: readonly Line[] }
  | { readonly type: "series"; readonly series: readonly Series[] };

interface QueryResponse {
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      readonly stream?: Fields;
      readonly metric?: Fields;
      readonly value?: Sample;
      readonly values?: unknown;
    }[];
  };
}

/** Runs a query over a time range, or a metric query at one time. Lines are sorted by time, oldest first. */
export async function queryLoki(
  query: string,
  at: RangeQuery | { readonly time: number },
  signal?: AbortSignal,
): Promise<LokiResult> {
  const { data } =
    "time" in at
      ? await get<QueryResponse>("/api/loki/query", { query, time: nanoseconds(at.time) }, signal)
      : await get<QueryResponse>("/api/loki/query_range", { query, ...rangeParams(at) }, signal);
  if (data.resultType === "streams")
    return { type: "lines", lines: readLines(data.result as Parameters<typeof readLines>[0]) };
  const series = data.result.map(({ metric = {}, value, values }) => ({
    metric,
    values: value ? [value] : ((values ?? []) as readonly Sample[]),
  }));
  return { type: "series", series };
}

const rangeParams = ({ from, to, limit, direction = "backward", step }: RangeQuery) => ({
  start: nanoseconds(from),
  end: nanoseconds(to),
  limit,
  direction,
  step,
});

/** Fetches the lines that a query selects, oldest first. Throws for a metric query. */
export async function fetchLogLines(
  query: string,
  range: RangeQuery,
  signal?: AbortSignal,
): Promise<readonly Line[]> {
  const result = await queryLoki(query, range, signal);
  if (result.type === "lines") return result.lines;
  throw new Error(
    "This is a metric query: its result is numbers, not lines. Use a dashboard for it, or a query that selects lines.",
  );
}

export interface Volume {
  readonly level: string;
  /** The number of lines for each time (Unix time in seconds). */
  readonly counts: ReadonlyMap<number, number>;
}

/** Counts the lines that a query selects, by level and step (seconds). */
export async function fetchVolume(
  query: string,
  { from, to, step }: TimeRange & { readonly step: number },
  signal?: AbortSignal,
): Promise<readonly Volume[]> {
  // A point counts the lines of the step before it, so the first point is one step after the start.
  const alignedRange = {
    from: (Math.floor(from / 1000 / step) * step + step) * 1000,
    to: Math.ceil(to / 1000 / step) * step * 1000,
  };
  const countQuery = `sum by (level) (count_over_time(${query} [${step}s]))`;
  const result = await queryLoki(countQuery, { ...alignedRange, step, limit: 100 }, signal);
  return (result.type === "series" ? result.series : []).map(({ metric, values }) => ({
    level: metric.level ?? "",
    counts: new Map(values.map(([at, count]) => [at, Number(count)])),
  }));
}

/**
 * Fetches the values of a label, in the streams that `selector` selects, by default in all. Without `range`, Loki's
 * default applies.
 */
export async function logLabelValues(
  label: string,
  { selector, range }: { readonly selector?: string | undefined; readonly range?: TimeRange } = {},
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const times = range && { start: nanoseconds(range.from), end: nanoseconds(range.to) };
  const path = `/api/loki/label/${encodeURIComponent(label)}/values`;
  const params = { ...times, query: selector || undefined };
  return (await get<{ readonly data?: readonly string[] }>(path, params, signal)).data ?? [];
}

const nanoseconds = (milliseconds: number): string => `${Math.round(milliseconds)}000000`;
