import type { Trace } from "../trace/tree.ts";
import { traceOf } from "../trace/tree.ts";
import { get } from "./http.ts";

/** Fetches a trace by its id. An unknown trace has no spans. */
export const fetchTrace = async (id: string, signal?: AbortSignal): Promise<Trace> =>
  traceOf(await get<unknown>(`/api/tempo/traces/${encodeURIComponent(id)}`, {}, signal));

/**
 * Options for queries whose result is a trace. Disables TanStack Query's deep comparison with the previous result,
 * which would not terminate because spans refer to their parents and children.
 */
export const WITHOUT_STRUCTURAL_SHARING = { structuralSharing: false } as const;

/** A trace in the result of a search. */
export interface FoundTrace {
  readonly id: string;
  readonly service: string;
  readonly name: string;
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** The number of matching spans. */
  readonly matched: number;
}

interface SearchResponse {
  readonly traces?: readonly {
    readonly traceID?: string;
    readonly rootServiceName?: string;
    readonly rootTraceName?: string;
    readonly startTimeUnixNano?: string;
    readonly durationMs?: number;
    readonly spanSet?: { readonly matched?: number };
    readonly spanSets?: readonly { readonly matched?: number }[];
  }[];
}

interface SearchRange {
  /** Unix time in milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** Tempo's service name for a trace without a root span. */
const NO_ROOT = "<root span not yet received>";
/** The limit of one search. If more traces match, Tempo returns arbitrary ones. */
const SEARCH_LIMIT = 400;

/** Fetches the latest traces that a TraceQL query selects, latest first. */
export const searchLatestTraces = async (
  q: string,
  range: SearchRange,
  signal?: AbortSignal,
): Promise<readonly FoundTrace[]> =>
  searchLatest(
    range,
    (from) => searchTraces(q, { ...range, from, limit: SEARCH_LIMIT }, signal),
    SEARCH_LIMIT,
  );

/** The length of the first search range. It contains enough traces at a few requests a second. */
const FIRST_RANGE_MS = 15_000;
/** The minimum length of a search range, because Tempo's parameters are in seconds. */
const MIN_RANGE_MS = 1000;

/**
 * Searches the last part of the range. Extends this part if it contains too few traces, and shortens it if it contains
 * `searchLimit` or more, because Tempo then returns arbitrary ones. If the last second alone has more, the result may
 * miss the latest traces.
 */
export async function searchLatest<T>(
  { from, to, limit }: SearchRange,
  search: (from: number) => Promise<readonly T[]>,
  searchLimit: number,
): Promise<readonly T[]> {
  const rangeMs = to - from;
  let [tooShort, tooLong] = [0, Number.POSITIVE_INFINITY];
  for (let length = Math.min(rangeMs, FIRST_RANGE_MS); ; ) {
    const found = await search(to - length);
    if (found.length >= searchLimit) tooLong = length;
    else if (found.length < limit) tooShort = length;
    else return found.slice(0, limit);
    const isLast = tooLong - tooShort <= MIN_RANGE_MS || tooShort >= rangeMs;
    if (isLast) return found.slice(0, limit);
    length = tooLong === Number.POSITIVE_INFINITY ? Math.min(rangeMs, length * 8) : (tooShort + tooLong) / 2;
  }
}

/**
 * Fetches the traces that a TraceQL query selects, latest first. If more than `limit` match, Tempo returns arbitrary
 * ones.
 */
export async function searchTraces(
  q: string,
  { from, to, limit }: SearchRange,
  signal?: AbortSignal,
): Promise<readonly FoundTrace[]> {
  const params = { q, start: Math.floor(from / 1000), end: Math.ceil(to / 1000), limit };
  const { traces = [] } = await get<SearchResponse>("/api/tempo/search", params, signal);
  const found = traces.map((one) => ({
    id: (one.traceID ?? "").padStart(32, "0"),
    service: one.rootServiceName === NO_ROOT ? "" : (one.rootServiceName ?? ""),
    name: one.rootTraceName ?? "",
    startedAt: Number(one.startTimeUnixNano ?? 0) / 1e6,
    durationMs: one.durationMs ?? 0,
    matched: one.spanSet?.matched ?? one.spanSets?.reduce((sum, { matched = 0 }) => sum + matched, 0) ?? 0,
  }));
  return found.sort((a, b) => b.startedAt - a.startedAt);
}

/** Fetches the values of a span attribute. Tempo's API calls attributes tags. */
export async function attributeValues(attribute: string, signal?: AbortSignal): Promise<readonly string[]> {
  const path = `/api/tempo/search/tag/${encodeURIComponent(attribute)}/values`;
  return (await get<{ tagValues?: readonly string[] }>(path, {}, signal)).tagValues ?? [];
}
