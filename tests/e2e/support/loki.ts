/** A log line in Loki. */
export interface Line {
  /** Stream labels and structured metadata together, as in Loki's response. */
  labels: Record<string, string>;
  /** Nanoseconds since the epoch. */
  time: string;
  /** The line itself. */
  text: string;
  /** The line, parsed; `{}` when it is not JSON. */
  json: Record<string, unknown>;
}

/** Returns the lines that a LogQL query finds since `sinceMs`, oldest first. */
export async function lines(loki: string, logql: string, sinceMs = 600_000): Promise<Line[]> {
  const query = new URLSearchParams({
    query: logql,
    start: `${(Date.now() - sinceMs) * 1e6}`,
    limit: "5000",
    direction: "forward",
  });
  const { data } = await ask(`${loki}/loki/api/v1/query_range?${query}`);
  const streams = data.result as { stream: Record<string, string>; values: [string, string][] }[];
  return streams
    .flatMap(({ stream, values }) =>
      values.map(([time, text]) => ({ labels: stream, time, text, json: parse(text) })),
    )
    .sort((a, b) => (BigInt(a.time) < BigInt(b.time) ? -1 : 1));
}

/** Returns how many lines a LogQL selector finds in the last minutes. */
export async function countLines(loki: string, logql: string, minutes = 10): Promise<number> {
  const query = new URLSearchParams({ query: `sum(count_over_time(${logql} [${minutes}m]))` });
  const { data } = await ask(`${loki}/loki/api/v1/query?${query}`);
  return Number((data.result as { value: [number, string] }[])[0]?.value[1] ?? 0);
}

/** Returns the names of Loki's index labels. */
export async function labelNames(loki: string): Promise<string[]> {
  const { data } = await ask(`${loki}/loki/api/v1/labels`);
  return data as unknown as string[];
}

async function ask(url: string): Promise<{ data: { result: unknown[] } }> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Loki responded with ${response.status}: ${await response.text()}`);
  return (await response.json()) as { data: { result: unknown[] } };
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
