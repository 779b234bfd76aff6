import { get } from "./http.ts";

export type Labels = Readonly<Record<string, string>>;
/** Unix time in seconds, and the value as a string, which can be `NaN` or `+Inf`. */
export type Sample = readonly [time: number, value: string];

export interface Series {
  readonly metric: Labels;
  readonly values: readonly Sample[];
}

export interface Exemplars {
  readonly seriesLabels: Labels;
  readonly exemplars: readonly {
    readonly labels: Labels;
    readonly value: string;
    readonly timestamp: number;
  }[];
}

/** A time range as Unix times in seconds. */
export interface UnixRange {
  readonly from: number;
  readonly to: number;
}

interface PrometheusResponse<T> {
  readonly data: T;
}

type Result =
  | { readonly resultType: "vector"; readonly result: readonly { metric: Labels; value: Sample }[] }
  | { readonly resultType: "scalar"; readonly result: Sample }
  | { readonly resultType: "matrix"; readonly result: readonly Series[] };

/** Fetches the value of each series at one time (Unix time in seconds, default: now). */
export async function query(expr: string, time?: number, signal?: AbortSignal): Promise<Series[]> {
  const { data } = await get<PrometheusResponse<Result>>(
    "/api/prometheus/query",
    { query: expr, time },
    signal,
  );
  if (data.resultType === "scalar") return [{ metric: {}, values: [data.result] }];
  if (data.resultType === "matrix") return [...data.result];
  return data.result.map(({ metric, value }) => ({ metric, values: [value] }));
}

/** Fetches the values of each series, `step` seconds apart. */
export async function queryRange(
  expr: string,
  { from, to }: UnixRange,
  step: number,
  signal?: AbortSignal,
): Promise<readonly Series[]> {
  const params = { query: expr, start: from, end: to, step };
  return (
    await get<PrometheusResponse<{ result: readonly Series[] }>>(
      "/api/prometheus/query_range",
      params,
      signal,
    )
  ).data.result;
}

/** Fetches the exemplars of the series that an expression selects. */
export async function queryExemplars(
  expr: string,
  { from, to }: UnixRange,
  signal?: AbortSignal,
): Promise<readonly Exemplars[]> {
  const params = { query: expr, start: from, end: to };
  return (
    await get<PrometheusResponse<readonly Exemplars[]>>("/api/prometheus/query_exemplars", params, signal)
  ).data;
}

/** Fetches the values of a label, in all series or those that `match` selects. */
export async function labelValues(
  label: string,
  match: string | undefined,
  { from, to }: UnixRange,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const path = `/api/prometheus/label/${encodeURIComponent(label)}/values`;
  return (
    await get<PrometheusResponse<readonly string[]>>(path, { "match[]": match, start: from, end: to }, signal)
  ).data;
}

/** Fetches the names of labels, of all series or of those that `match` selects. */
export async function labelNames(match: string | undefined, { from, to }: UnixRange, signal?: AbortSignal) {
  const params = { "match[]": match, start: from, end: to };
  return (await get<PrometheusResponse<readonly string[]>>("/api/prometheus/labels", params, signal)).data;
}
