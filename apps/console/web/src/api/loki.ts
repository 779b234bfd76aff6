import { type Fields, type Line, readLines } from "../lines/read.ts";
import { get } from "./http.ts";

interface Answer<T> {
  readonly data: { readonly resultType: string; readonly result: readonly T[] };
}

export interface LinesAsked {
  /** Milliseconds since 1970, or nanoseconds as text. */
  readonly from: number | string;
  readonly to: number | string;
  readonly limit: number;
  /** Which lines, where there are more than `limit`: the latest (`backward`), or the first. */
  readonly direction?: "backward" | "forward";
}

/** The lines that a query selects, in the order in which they were written. */
export async function readLogLines(
  query: string,
  asked: LinesAsked,
  signal?: AbortSignal,
): Promise<readonly Line[]> {
  const { from, to, limit, direction = "backward" } = asked;
  const params = { query, start: nanoseconds(from), end: nanoseconds(to), limit, direction };
  const { data } = await get<Answer<{ stream?: Fields; values?: [string, string][] }>>(
    "/api/loki/query_range",
    params,
    signal,
  );
  if (data.resultType !== "streams")
    throw new Error(
      "This query asks for numbers, not for lines. Dashboards draw numbers; here a query selects lines.",
    );
  return readLines(data.result);
}

export interface Volume {
  readonly level: string;
  /** Unix seconds → lines. */
  readonly counts: ReadonlyMap<number, number>;
}

/** How many lines a query selects in each step (seconds), by level. */
export async function readVolume(
  query: string,
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
  signal?: AbortSignal,
): Promise<readonly Volume[]> {
  const params = {
    query: `sum by (level) (count_over_time(${query} [${step}s]))`,
    start: Math.floor(from / 1000 / step) * step + step,
    end: Math.ceil(to / 1000 / step) * step,
    step,
  };
  const { data } = await get<Answer<{ metric: Fields; values: [number, string][] }>>(
    "/api/loki/query_range",
    params,
    signal,
  );
  return data.result.map(({ metric, values }) => ({
    level: metric.level ?? "",
    counts: new Map(values.map(([at, count]) => [at, Number(count)])),
  }));
}

/** Which services have written something. */
export async function readLogServices(signal?: AbortSignal): Promise<readonly string[]> {
  const { data } = await get<{ readonly data?: readonly string[] }>(
    "/api/loki/label/service_name/values",
    {},
    signal,
  );
  return data ?? [];
}

const nanoseconds = (at: number | string): string =>
  typeof at === "string" ? at : `${Math.floor(at)}000000`;
