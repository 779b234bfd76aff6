import type { RunnableQuery } from "./list-queries.ts";

/** The addresses of the backends, such as `http://127.0.0.1:9090`. */
export interface Backends {
  readonly prometheus: string;
  readonly loki: string;
  readonly tempo: string;
}

const TIMEOUT_MS = 30_000;

/** GET, parsed as JSON. Throws the backend's message if the status is not 2xx. */
export async function getJson<T>(
  base: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<T> {
  const url = new URL(`${base}${path}`);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text.trim().slice(0, 300)}`);
  return JSON.parse(text) as T;
}

interface SeriesResponse {
  readonly data: {
    readonly result: readonly {
      readonly metric?: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number | string, string])[];
    }[];
  };
}

/** The parts of a result that the checks use. */
export interface QueryResult {
  /** The number of values, lines or traces. NaN does not count, because no panel shows it. */
  readonly count: number;
  /** Whether the query returned the row for an empty result (`orTextRow`). */
  readonly textRow: boolean;
}

/**
 * Returns the number of values, lines or traces of a query, without the row of `orTextRow`. Throws if the query fails.
 */
export const countResult = async (query: RunnableQuery, backends: Backends): Promise<number> =>
  (await runQuery(query, backends)).count;

/** Runs a query. Throws if it fails. */
export async function runQuery(query: RunnableQuery, backends: Backends): Promise<QueryResult> {
  if (query.language === "traceql")
    return { count: (await searchTraces(query, backends)).length, textRow: false };
  const path = query.language === "promql" ? "/api/v1" : "/loki/api/v1";
  const base = query.language === "promql" ? backends.prometheus : backends.loki;
  const { from, to } = query.range;
  const response = query.instant
    ? await getJson<SeriesResponse>(base, `${path}/query`, { query: query.query, time: `${to}` })
    : await getJson<SeriesResponse>(base, `${path}/query_range`, {
        query: query.query,
        start: `${from}`,
        end: `${to}`,
        step: `${query.step}`,
        ...(query.language === "logql" && { limit: `${query.limit}` }),
      });
  const { emptyText } = query;
  const isTextRow = ({ metric = {} }: { metric?: Readonly<Record<string, string>> }) =>
    emptyText !== undefined && Object.values(metric).includes(emptyText);
  const { result } = response.data;
  const count = result
    .filter((series) => !isTextRow(series))
    .flatMap(({ value, values = [] }) => (value ? [value] : values))
    .filter(([, value]) => value !== "NaN").length;
  return { count, textRow: result.some(isTextRow) };
}

/** Returns the traces that a search finds, as in a table of traces: ids of 32 digits, and durations in milliseconds. */
export async function searchTraces(
  { query, limit, range }: RunnableQuery,
  { tempo }: Pick<Backends, "tempo">,
): Promise<readonly { readonly id: string; readonly ms: number }[]> {
  const { traces = [] } = await getJson<{ traces?: readonly { traceID: string; durationMs?: number }[] }>(
    tempo,
    "/api/search",
    {
      q: query,
      limit: `${limit}`,
      start: `${Math.floor(range.from)}`,
      end: `${Math.ceil(range.to)}`,
    },
  );
  return traces.map(({ traceID, durationMs = 0 }) => ({ id: traceID.padStart(32, "0"), ms: durationMs }));
}

interface ExemplarResponse {
  readonly data: readonly {
    readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>> }[];
  }[];
}

/** Returns the labels of every exemplar that a panel with this query shows. */
export async function queryExemplars(
  { query, range }: RunnableQuery,
  { prometheus }: Backends,
): Promise<Readonly<Record<string, string>>[]> {
  const response = await getJson<ExemplarResponse>(prometheus, "/api/v1/query_exemplars", {
    query,
    start: `${range.from}`,
    end: `${range.to}`,
  });
  return response.data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels));
}
