import { rootCause } from "@lgtm-lab/contracts";

const ANSWER_MS = 3000;

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
export async function getText(url: string): Promise<{ body: string; headers: Headers }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch((error: unknown) => {
    throw new Error(`${url}: ${rootCause(error).message}`, { cause: error });
  });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${body.trim().slice(0, 200)}`);
  return { body, headers: response.headers };
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

/** Reads the Prometheus and the OpenMetrics text format, as far as sums need it. */
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
