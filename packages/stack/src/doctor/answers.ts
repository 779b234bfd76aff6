import { logFile, tailOf } from "../supervisor/state-folder.ts";
import type { Explanation } from "./loss-reasons.ts";

const RECENT_MS = 10 * 60_000;
const LINES = 500;
const SHOWN = 240;
const MOST = 4;

/** Errors of Prometheus that concern only exponential histograms. */
const HISTOGRAM = /observation|histogram|(positive|negative) side|custom buckets/i;

/** Texts in the error responses of backends, with their meaning and fix. */
const MEANINGS: readonly { readonly words: RegExp; readonly meaning: Explanation }[] = [
  {
    words: HISTOGRAM,
    meaning: {
      why: "an exponential histogram is not valid: its buckets do not add up to its count, or a bucket has a count of 2^63 or more",
      fix: "the sender's SDK has a defect: update it, or use explicit buckets",
    },
  },
  {
    words: /trace ids must be 128 bit|invalid trace id/i,
    meaning: {
      why: "a span has an invalid trace id, because of a bug in its sender; Tempo rejects the whole push",
      fix: "in the sender, let the SDK make the ids: 16 random bytes for a trace, never all zero",
    },
  },
  {
    words: /TRACE_TOO_LARGE/,
    meaning: {
      why: "a trace is larger than Tempo stores (max_bytes_per_trace in tempo/tempo.yaml)",
      fix: "begin a new trace for each request or job in the sender; one trace id must not be used for everything",
    },
  },
  {
    words: /RATE_LIMITED|LIVE_TRACES_EXCEEDED/,
    meaning: {
      why: "more spans or traces arrive than Tempo accepts (overrides in tempo/tempo.yaml)",
      fix: "sample in the sender (OTEL_TRACES_SAMPLER), or raise the limit",
    },
  },
  {
    words: /temporality/,
    meaning: {
      why: "a metric has an aggregation temporality that Prometheus does not store",
      fix: "set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative in its sender",
    },
  },
  {
    words: /normalization for|label name|invalid name/,
    meaning: {
      why: "an attribute key or a name cannot be made a label",
      fix: "name attributes in ASCII (a-z, 0-9, dots and underscores) in the sender",
    },
  },
  {
    words: /too new|future|out of bounds/,
    meaning: {
      why: "an item is in the future or out of bounds",
      fix: "set the clock of the sender (timedatectl)",
    },
  },
  {
    words: /too old|too far behind|out of order|duplicate sample/,
    meaning: {
      why: "an item is too old, or arrived twice or out of order",
      fix: "set the clock of the sender (timedatectl); two senders must not write the same series",
    },
  },
  {
    words: /max entry size|structured metadata/,
    meaning: {
      why: "a log record, or its attributes, are larger than Loki accepts",
      fix: "log ids in place of whole objects",
    },
  },
  {
    words: /utf-?8/i,
    meaning: { why: "a text is not valid UTF-8", fix: "encode texts as UTF-8 in the sender" },
  },
];

/** Explains a store's error response: its meaning, its text and a fix. */
export function explainAnswer(answer: string, otherwise: Explanation): Explanation {
  const { why, fix } = meaningOf(answer)?.meaning ?? otherwise;
  const shown = answer.length > SHOWN ? `${answer.slice(0, SHOWN)}…` : answer;
  return { why: `${why}; the last answer: ${shown}`, fix };
}

const meaningOf = (answer: string) => MEANINGS.find(({ words }) => words.test(answer));

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
  const isHistogram = (reason: string) => HISTOGRAM.test(reason);
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
    const meaning = meaningOf(answer) ?? answer.replaceAll(/\d+/g, "0");
    if (!first.has(meaning)) first.set(meaning, answer);
  }
  return [...first.values()].slice(0, MOST);
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}
