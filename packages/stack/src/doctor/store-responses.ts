import { logFile, tailOf } from "../supervisor/state-folder.ts";
import { type Explanation, HISTOGRAM_ERROR, RESPONSE_RULES } from "./loss-reasons.ts";

const RECENT_MS = 10 * 60_000;
/** Lines at the end of a log that are read. */
const LINES = 500;
/** Limits for the error responses that are shown: the characters of each, and their number for each exporter. */
const MAX_CHARS = 240;
const MAX_RESPONSES = 4;

/** Explains a store's error response: its meaning, its text and a fix. */
export function explainResponse(response: string, otherwise: Explanation): Explanation {
  const { why, fix } = ruleOf(response)?.explanation ?? otherwise;
  const shown = response.length > MAX_CHARS ? `${response.slice(0, MAX_CHARS)}…` : response;
  return { why: `${why}; the last response: ${shown}`, fix };
}

const ruleOf = (response: string) => RESPONSE_RULES.find(({ words }) => words.test(response));

/**
 * Returns the stores' error responses to each exporter in the last 10 minutes: the latest of each meaning, newest
 * first. The collector logs them. For a 500 response of Prometheus it logs only the status; the reason is in
 * Prometheus's own log.
 */
export function lastResponses(stateFolder: string, now = Date.now()): ReadonlyMap<string, readonly string[]> {
  const responses = readResponses(tailOf(logFile(stateFolder, "otelcol"), LINES), now);
  return withReasons(responses, readPrometheusErrors(tailOf(logFile(stateFolder, "prometheus"), LINES), now));
}

/** Replaces responses that have only a status by the reasons in Prometheus's log. */
export function withReasons(
  responses: Map<string, readonly string[]>,
  reasons: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const isHistogram = (reason: string) => HISTOGRAM_ERROR.test(reason);
  const byExporter: Readonly<Record<string, readonly string[]>> = {
    "otlp_http/prometheus": reasons.filter((reason) => !isHistogram(reason)),
    "otlp_http/prometheus-exponential": reasons.filter(isHistogram),
  };
  for (const [exporter, own] of Object.entries(byExporter)) {
    const received = responses.get(exporter);
    if (!received || own.length === 0) continue;
    const others = received.filter((response) => !/Status Code 5\d\d$/.test(response));
    responses.set(exporter, distinct([...others, ...own]));
  }
  return responses;
}

/** Reads the collector's log (one JSON object a line). */
export function readResponses(lines: readonly string[], now: number): Map<string, string[]> {
  const responses = new Map<string, string[]>();
  for (const line of lines.toReversed()) {
    const entry = parsed(line);
    const exporter = entry["otelcol.component.id"];
    if (entry["otelcol.component.kind"] !== "exporter" || !entry.dropped_items) continue;
    if (typeof exporter !== "string" || typeof entry.error !== "string") continue;
    if (now - Date.parse(String(entry.ts)) > RECENT_MS) continue;
    const response = entry.error
      .replace(/^.*?desc = (error exporting items, )?/, "")
      .replace(/, Details=\[\]$/, "");
    responses.set(exporter, distinct([...(responses.get(exporter) ?? []), response]));
  }
  return responses;
}

/** Reads Prometheus's log (logfmt), newest first. */
export function readPrometheusErrors(lines: readonly string[], now: number): string[] {
  const errors = lines.toReversed().flatMap((line) => {
    const [, time = "", error] =
      /^time=(\S+) level=(?:ERROR|WARN) source=write\S* .*\berr="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
    if (!error || now - Date.parse(time) > RECENT_MS) return [];
    return [error.replaceAll('\\"', '"')];
  });
  return distinct(errors);
}

/** Keeps the first of each meaning. */
function distinct(responses: readonly string[]): string[] {
  const first = new Map<unknown, string>();
  for (const response of responses) {
    const meaning = ruleOf(response) ?? response.replaceAll(/\d+/g, "0");
    if (!first.has(meaning)) first.set(meaning, response);
  }
  return [...first.values()].slice(0, MAX_RESPONSES);
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}
