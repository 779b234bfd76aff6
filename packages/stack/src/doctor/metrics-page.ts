import { getText } from "./http.ts";

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
