import { get } from "../../api/http.ts";
import type { Sample, Series, Span } from "../../api/prometheus.ts";
import type { LokiStream } from "../frames/loki.ts";
import type { FoundTrace } from "../frames/tempo.ts";

export interface LokiQuestion {
  readonly query: string;
  /** Unix seconds; with it, one value instead of a line. */
  readonly time?: number;
  readonly from?: number;
  readonly to?: number;
  readonly step?: number;
  readonly limit?: number;
}

export type LokiAnswer =
  | { readonly resultType: "streams"; readonly result: readonly LokiStream[] }
  | { readonly resultType: "matrix"; readonly result: readonly Series[] };

interface LokiJson {
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      stream?: LokiStream["stream"];
      metric?: Series["metric"];
      value?: Sample;
      values?: unknown;
    }[];
  };
}

const nanoseconds = (seconds: number) => `${Math.round(seconds * 1000)}000000`;

/** Lines or a metric, whichever the query is. */
export async function lokiQuery(
  { query, time, from = 0, to = 0, step, limit }: LokiQuestion,
  signal?: AbortSignal,
): Promise<LokiAnswer> {
  const range = { query, start: nanoseconds(from), end: nanoseconds(to), step, limit, direction: "backward" };
  const { data } =
    time === undefined
      ? await get<LokiJson>("/api/loki/query_range", range, signal)
      : await get<LokiJson>("/api/loki/query", { query, time: nanoseconds(time) }, signal);
  if (data.resultType === "streams")
    return { resultType: "streams", result: data.result as readonly LokiStream[] };
  const series = data.result.map(({ metric = {}, value, values }) => ({
    metric,
    values: value ? [value] : ((values ?? []) as readonly Sample[]),
  }));
  return { resultType: "matrix", result: series };
}

/** Values of a label of the streams that a selector selects (empty: of all). */
export async function lokiLabelValues(
  label: string,
  stream: string,
  { from, to }: Span,
  signal?: AbortSignal,
) {
  const params = { start: nanoseconds(from), end: nanoseconds(to), query: stream || undefined };
  const path = `/api/loki/label/${encodeURIComponent(label)}/values`;
  return (await get<{ data?: readonly string[] }>(path, params, signal)).data ?? [];
}

/** Traces with a span that the TraceQL selects. */
export async function searchTraces(query: string, { from, to }: Span, limit: number, signal?: AbortSignal) {
  const params = { q: query, limit, start: Math.floor(from), end: Math.ceil(to) };
  return (await get<{ traces?: readonly FoundTrace[] }>("/api/tempo/search", params, signal)).traces ?? [];
}

export async function tempoTagValues(tag: string, signal?: AbortSignal): Promise<readonly string[]> {
  const path = `/api/tempo/search/tag/${encodeURIComponent(tag)}/values`;
  return (await get<{ tagValues?: readonly string[] }>(path, {}, signal)).tagValues ?? [];
}
