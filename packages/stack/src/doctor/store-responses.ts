import { logFile, tailOf } from "../supervisor/state-folder.ts";
import { type Explanation, HISTOGRAM_ERROR, RESPONSE_RULES } from "./loss-reasons.ts";

const RECENT_MS = 10 * 60_000;
/** Lines at the end of a log that are read. */
const LINES = 500;
/** Limits for the error responses that are shown: the characters of each, and their number for each exporter. */
const MAX_CHARS = 240;
const MAX_RESPONSES = 4;

/** Explains a store's error response: its meaning, its text and a fix. */
export function explainAnswer(answer: string, otherwise: Explanation): Explanation {
  const { why, fix } = ruleOf(answer)?.explanation ?? otherwise;
  const shown = answer.length > MAX_CHARS ? `${answer.slice(0, MAX_CHARS)}…` : answer;
  return { why: `${why}; the last response: ${shown}`, fix };
}

const ruleOf = (answer: string) => RESPONSE_RULES.find(({ words }) => words.test(answer));

/**
 * Returns the stores' error responses to each exporter in the last 10 minutes: the latest of each meaning, newest
 * first. The collector logs them. For a 500 response of Prometheus it logs only the status; the reason is in
 * Prometheus's own log.
 */
export function lastAnswers(state: string, now = Date.now()): ReadonlyMap<string, readonly string[]> {
  const answers = readAnswers(tailOf(logFile(state, "otelcol"), LINES), now);
  return withReasons(answers, readPrometheusErrors(tailOf(logFile(state, "prometheus"), LINES), now));
}

/** Replaces responses that have only a status by the reasons in Prometheus's log. */
export function withReasons(
  answers: Map<string, readonly string[]>,
  reasons: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const isHistogram = (reason: string) => HISTOGRAM_ERROR.test(reason);
  const byExporter: Readonly<Record<string, readonly string[]>> = {
    "otlp_http/prometheus": reasons.filter((reason) => !isHistogram(reason)),
    "otlp_http/prometheus-exponential": reasons.filter(isHistogram),
  };
  for (const [exporter, own] of Object.entries(byExporter)) {
    const answered = answers.get(exporter);
    if (!answered || own.length === 0) continue;
    const others = answered.filter((answer) => !/Status Code 5\d\d$/.test(answer));
    answers.set(exporter, distinct([...others, ...own]));
  }
  return answers;
}

/** Reads the collector's log (one JSON object a line). */
export function readAnswers(lines: readonly string[], now: number): Map<string, string[]> {
  const answers = new Map<string, string[]>();
  for (const line of lines.toReversed()) {
    const entry = parsed(line);
    const exporter = entry["otelcol.component.id"];
    if (entry["otelcol.component.kind"] !== "exporter" || !entry.dropped_items) continue;
    if (typeof exporter !== "string" || typeof entry.error !== "string") continue;
    if (now - Date.parse(String(entry.ts)) > RECENT_MS) continue;
    const answer = entry.error
      .replace(/^.*?desc = (error exporting items, )?/, "")
      .replace(/, Details=\[\]$/, "");
    answers.set(exporter, distinct([...(answers.get(exporter) ?? []), answer]));
  }
  return answers;
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
function distinct(answers: readonly string[]): string[] {
  const first = new Map<unknown, string>();
  for (const answer of answers) {
    const meaning = ruleOf(answer) ?? answer.replaceAll(/\d+/g, "0");
    if (!first.has(meaning)) first.set(meaning, answer);
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
