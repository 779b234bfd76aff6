import { rootCause } from "@lgtm-lab/contracts";
import type { PortVariable } from "../ports.ts";

/** The limit for reading from a component. */
const READ_TIMEOUT_MS = 3000;
/** The limit for a request that the doctor sends through the services or to the collector. */
export const PROBE_TIMEOUT_MS = 5000;

/** Nanoseconds per millisecond, for OTLP and Loki. */
export const NANOS_PER_MS = 1_000_000n;

/**
 * Gets a JSON document.
 * @throws Error with the URL and the unexpected response.
 */
export async function getJson<Body>(url: string): Promise<Body> {
  return JSON.parse((await getText(url)).body) as Body;
}

/**
 * Gets a text with status 200.
 * @throws Error with the URL and the unexpected response.
 */
export async function getText(
  url: string,
  timeoutMs = READ_TIMEOUT_MS,
): Promise<{ body: string; headers: Headers }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch((error: unknown) => {
    throw new Error(`${url}: ${rootCause(error).message}`, { cause: error });
  });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${body.trim().slice(0, 200)}`);
  return { body, headers: response.headers };
}

/** A series with the samples of a range, oldest first. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** Runs a query whose result is a range vector (`x[10m]`), or an instant vector with one value for each series. */
export async function querySeries(
  { at }: { at: (port: PortVariable, path?: string) => string },
  query: string,
): Promise<readonly Series[]> {
  const url = at("PROMETHEUS_PORT", `/api/v1/query?${new URLSearchParams({ query })}`);
  type Sample = [time: number, value: string];
  const { data } = await getJson<{
    data: { result: { metric: Record<string, string>; value?: Sample; values?: Sample[] }[] };
  }>(url);
  return data.result.map(({ metric, value, values }) => ({
    metric,
    values: (values ?? (value ? [value] : [])).map(([, text]) => Number(text)),
  }));
}

/** The samples of one /metrics page, by metric name, summed over their labels. */
export type Counters = ReadonlyMap<string, number>;

/** One sample of a /metrics page. */
export interface PageSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{.*?\})?\s+(\S+)/;

/** Sums the samples of each metric whose labels match. Reads the Prometheus and the OpenMetrics text format. */
export function parseCounters(text: string, matching: (labels: string) => boolean = () => true): Counters {
  const sums = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (name && matching(labels)) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Returns each sample of a page with its labels. */
export function parseSamples(text: string): PageSample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (!name) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, label = "", text = ""]) => [label, unescaped(text)]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));

/**
 * Gets a /metrics page.
 * @throws Error with the URL and the unexpected response.
 */
export async function getCounters(url: string, matching?: (labels: string) => boolean): Promise<Counters> {
  return parseCounters((await getText(url)).body, matching);
}
