import { type PageSample, parseSamples } from "../../../packages/stack/src/doctor/http.ts";

/** One series of an instant query. */
export interface Sample {
  metric: Record<string, string>;
  value: number;
}

/** One exemplar of `query_exemplars`; its time in seconds since the epoch. */
export interface Exemplar {
  series: Record<string, string>;
  labels: Record<string, string>;
  value: number;
  timestamp: number;
}

/** Runs an instant query. */
export async function query(prometheus: string, promql: string): Promise<Sample[]> {
  const data = await ask(`${prometheus}/api/v1/query?${new URLSearchParams({ query: promql })}`);
  const { result } = data as { result: { metric: Record<string, string>; value: [number, string] }[] };
  return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

/** Returns the value of an instant query with one result; undefined if there is no result. */
export const value = async (prometheus: string, promql: string): Promise<number | undefined> =>
  (await query(prometheus, promql))[0]?.value;

/** Returns the samples of a metric with these labels, from the `/metrics` of a service. */
export async function scrape(
  service: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<PageSample[]> {
  const page = await (await fetch(`${service}/metrics`)).text();
  return parseSamples(page).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  );
}

/** Returns the sum of the samples that {@link scrape} returns. */
export const scrapeSum = async (...options: Parameters<typeof scrape>): Promise<number> =>
  (await scrape(...options)).reduce((sum, sample) => sum + sample.value, 0);

/** Returns the exemplars of a query since a time (milliseconds since the epoch). */
export async function exemplars(prometheus: string, promql: string, sinceMs: number): Promise<Exemplar[]> {
  const range = { start: `${sinceMs / 1000}`, end: `${Date.now() / 1000 + 1}` };
  const data = await ask(
    `${prometheus}/api/v1/query_exemplars?${new URLSearchParams({ query: promql, ...range })}`,
  );
  type ExemplarResult = {
    seriesLabels: Exemplar["series"];
    exemplars: { labels: Exemplar["labels"]; value: string; timestamp: number }[];
  }[];
  return (data as ExemplarResult).flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, value, timestamp }) => ({
      series: seriesLabels,
      labels,
      value: Number(value),
      timestamp,
    })),
  );
}

async function ask(url: string): Promise<unknown> {
  const response = await fetch(url);
  const body = (await response.json()) as { status: string; data: unknown; error?: string };
  if (body.status !== "success")
    throw new Error(`Prometheus responded with ${response.status}: ${body.error}`);
  return body.data;
}
