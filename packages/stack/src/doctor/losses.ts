import { logFile, tailOf } from "../supervisor/state-folder.ts";
import { type CheckResult, type Diagnosis, type DoctorContext, fine, type Hop, lost } from "./hop.ts";
import { getText, type PageSample, parseSamples, querySeries, type Series } from "./http.ts";
import {
  type Explanation,
  HISTOGRAM_ERROR,
  LOSS_COUNTERS,
  LOSS_SIGNALS,
  type LossCounter,
  RESPONSE_RULES,
} from "./loss-reasons.ts";

const WINDOW = "10m";
const WINDOW_MS = 10 * 60_000;
/** Maximum age of a counter's last sample at the start of the window. */
const LOOK_BACK = "1h";

/**
 * Returns the exact growth of a counter in a window, without extrapolation and across restarts of its process. `before`
 * is its last value before the window. If it is undefined, the counter appeared in the window, and its first sample
 * already contains losses.
 */
export function growth(before: number | undefined, values: readonly number[]): number {
  let last = before ?? 0;
  let sum = 0;
  for (const value of values) {
    sum += value < last ? value : value - last;
    last = value;
  }
  return sum;
}

const matches = (counter: LossCounter, name: string, labels: Readonly<Record<string, string>>): boolean =>
  name === counter.metric &&
  (!counter.label || Boolean(labels[counter.label])) &&
  Object.entries(counter.only ?? {}).every(([label, value]) => value.test(labels[label] ?? ""));

/** Returns whether a counter belongs to this component: several pages have counters of the same name. */
const belongsTo = (counter: LossCounter, component: string): boolean =>
  counter.component === undefined || counter.component === component;

const keyOf = (counter: LossCounter, component: string, labels: Readonly<Record<string, string>>): string =>
  JSON.stringify([
    counter.metric,
    component,
    counter.label && labels[counter.label],
    counter.where && labels[counter.where],
    labels.format,
  ]);

export interface Page {
  readonly component: string;
  /** Undefined if it could not be read. */
  readonly samples: readonly PageSample[] | undefined;
}

export interface History {
  readonly series: readonly Series[];
  readonly before: readonly Series[];
}

export interface Loss {
  readonly counter: LossCounter;
  readonly component: string;
  readonly labels: Readonly<Record<string, string>>;
  count: number;
}

/**
 * Returns the dropped and rejected items by counter, component and reason, from the history in Prometheus and from each
 * component's current page, because the last scrape may be 2 s old, or Prometheus may not scrape at all. Without a
 * history, items are counted since the start of each component.
 */
export function lossesOf(pages: readonly Page[], history: History | undefined): Loss[] {
  const losses = new Map<string, Loss>();
  const latest = new Map<string, number>();
  const add = (counter: LossCounter, component: string, labels: Loss["labels"], count: number) => {
    const key = keyOf(counter, component, labels);
    const known = losses.get(key);
    if (known) known.count += count;
    else losses.set(key, { counter, component, labels, count });
  };
  const identity = (metric: Series["metric"]) => JSON.stringify(Object.entries(metric).toSorted());
  const before = new Map(history?.before.map(({ metric, values }) => [identity(metric), values.at(-1)]));
  for (const { metric, values } of history?.series ?? []) {
    const component = metric.service_name ?? "";
    for (const counter of LOSS_COUNTERS) {
      if (!matches(counter, metric.__name__ ?? "", metric) || !belongsTo(counter, component)) continue;
      const key = keyOf(counter, component, metric);
      add(counter, component, metric, growth(before.get(identity(metric)), values));
      latest.set(key, (latest.get(key) ?? 0) + (values.at(-1) ?? 0));
    }
  }
  const now = new Map<string, Loss>();
  for (const { component, samples = [] } of pages)
    for (const { name, labels, value } of samples)
      for (const counter of LOSS_COUNTERS) {
        if (!matches(counter, name, labels) || !belongsTo(counter, component)) continue;
        const key = keyOf(counter, component, labels);
        const known = now.get(key);
        if (known) known.count += value;
        else now.set(key, { counter, component, labels, count: value });
      }
  for (const [key, { counter, component, labels, count }] of now)
    add(counter, component, labels, growth(latest.get(key), [count]));
  return withoutStored([...losses.values()].filter(({ count }) => count > 0));
}

/**
 * Loki rejects single OTLP records with a 400 and stores the others of their request, but the collector counts all of
 * them. If Loki itself counts the permanently rejected records, the collector's count adds nothing.
 */
function withoutStored(losses: readonly Loss[]): Loss[] {
  const countedByLoki = losses.some(
    ({ counter, labels }) =>
      counter.metric === "loki_discarded_samples_total" &&
      labels.format === "otlp" &&
      outcomeOf(counter, labels) === "lost",
  );
  return losses.filter(
    ({ counter }) => !(countedByLoki && counter.metric === "otelcol_exporter_send_failed_log_records_total"),
  );
}

const isRetriedReason = ({ label, retriedReasons = [] }: LossCounter, labels: Loss["labels"]): boolean =>
  label !== undefined && retriedReasons.includes(labels[label] ?? "");

const outcomeOf = (counter: LossCounter, labels: Loss["labels"]): LossCounter["outcome"] =>
  isRetriedReason(counter, labels) ? "retried" : counter.outcome;

const verbOf = (counter: LossCounter, labels: Loss["labels"]): LossCounter["verb"] =>
  (isRetriedReason(counter, labels) && counter.retriedVerb) || counter.verb;

/** Returns one problem for each loss, the largest first, or several if a backend has given several reasons. */
export function problemsOf(
  losses: readonly Loss[],
  outcome: LossCounter["outcome"],
  when: string,
  responses: ReadonlyMap<string, readonly string[]>,
): Diagnosis[] {
  return losses
    .filter(({ counter, labels }) => outcomeOf(counter, labels) === outcome)
    .toSorted((a, b) => b.count - a.count)
    .flatMap(({ counter, component, labels, count }) => {
      const reason = counter.label ? (labels[counter.label] ?? "") : "";
      const responsesOfReason = counter.responsesOf?.(reason, responses) ?? [];
      const known = counter.explain(reason);
      const explanations =
        responsesOfReason.length > 0
          ? responsesOfReason.map((response) => explainResponse(response, known))
          : [known];
      const items = Math.round(count) === 1 ? counter.items.replace(/s$/, "") : counter.items;
      const amount = `${Math.round(count).toLocaleString("en")} ${items}`;
      const where = (counter.where && labels[counter.where]) ?? "";
      const because = reason ? ` (${[reason, where].filter(Boolean).join(", ")})` : "";
      const what = `${component} ${verbOf(counter, labels)} ${amount} ${when}${because}`;
      return explanations.map(({ why, fix }, index) => ({
        cause:
          index === 0 ? `${what}: ${why}` : `${component}, among these ${counter.items}${because}: ${why}`,
        fix,
      }));
    });
}

async function readPages({ services, at }: DoctorContext): Promise<Page[]> {
  const pages = [
    // Lost items are counted for all instances of a service together, as in Prometheus.
    ...services.map(({ serviceName, address }) => ({ name: serviceName, address })),
    { name: "otelcol", address: at("OTELCOL_METRICS_PORT") },
    { name: "tempo", address: at("TEMPO_PORT") },
    { name: "loki", address: at("LOKI_PORT") },
    { name: "prometheus", address: at("PROMETHEUS_PORT") },
    { name: "alertmanager", address: at("ALERTMANAGER_PORT") },
  ];
  return Promise.all(
    pages.map(async ({ name, address }) => {
      const body = await getText(`${address}/metrics`).then(
        (page) => page.body,
        () => undefined,
      );
      return { component: name, samples: body === undefined ? undefined : parseSamples(body) };
    }),
  );
}

async function readHistory(context: DoctorContext): Promise<History | undefined> {
  const names = [...new Set(LOSS_COUNTERS.map(({ metric }) => metric))].join("|");
  // Only the webhook's series of Alertmanager's counter, which has one for each kind of receiver.
  const selector = `{__name__=~"${names}",integration=~"webhook|"}`;
  try {
    const [series, before] = await Promise.all([
      querySeries(context, `${selector}[${WINDOW}]`),
      querySeries(context, `last_over_time(${selector}[${LOOK_BACK}] offset ${WINDOW})`),
    ]);
    return { series, before };
  } catch {
    return undefined;
  }
}

/** Returns a function that reads the losses once, for all signals. */
function lossReader(): (
  context: DoctorContext,
) => Promise<{ losses: Loss[]; pages: Page[]; known: boolean }> {
  let read: ReturnType<ReturnType<typeof lossReader>> | undefined;
  return (context) => {
    read ??= Promise.all([readHistory(context), readPages(context)]).then(([history, pages]) => ({
      losses: lossesOf(pages, history),
      pages,
      known: history !== undefined,
    }));
    return read;
  };
}

/** Reports the losses of each signal in the last 10 minutes, in all components. */
export function lossHops(): readonly Hop[] {
  const read = lossReader();
  return LOSS_SIGNALS.map((signal) => ({
    name: signal,
    check: async (context): Promise<CheckResult> => {
      const responses = lastResponses(context.stateFolder);
      const { losses, pages, known } = await read(context);
      const signalLosses = losses.filter(({ counter }) => counter.signal === signal);
      const when = known ? "in the last 10 minutes" : "since its start";
      const incomplete = known ? [] : missingHistory(pages);
      const final = problemsOf(signalLosses, "lost", when, responses);
      const notes = [...problemsOf(signalLosses, "retried", when, responses), ...incomplete];
      if (final.length > 0) return lost([...final, ...notes]);
      return fine(known ? "nothing lost" : "nothing lost since each component's start", notes);
    },
  }));
}

function missingHistory(pages: readonly Page[]): Diagnosis[] {
  const unread = pages.filter(({ samples }) => samples === undefined).map(({ component }) => component);
  const also = unread.length > 0 ? `; no counts from ${unread.join(", ")}` : "";
  return [
    {
      cause: `Prometheus does not respond, so the counts begin at each component's start${also}`,
      fix: "npx lab logs prometheus; npx lab status",
    },
  ];
}

/** Lines at the end of a log that are read. */
const LOG_LINES = 500;
/** Limits for the error responses that are shown: the characters of each, and their number for each exporter. */
const MAX_CHARS = 240;
const MAX_RESPONSES = 4;

/** Explains a backend's error response: its meaning, its text and a fix. */
export function explainResponse(response: string, otherwise: Explanation): Explanation {
  const { why, fix } = ruleOf(response)?.explanation ?? otherwise;
  const shown = response.length > MAX_CHARS ? `${response.slice(0, MAX_CHARS)}…` : response;
  return { why: `${why}; the last response: ${shown}`, fix };
}

const ruleOf = (response: string) => RESPONSE_RULES.find(({ pattern }) => pattern.test(response));

/**
 * Returns the backends' error responses to each exporter in the last 10 minutes: the latest of each meaning, newest
 * first. The collector logs them. For a 500 response of Prometheus it logs only the status; the reason is in
 * Prometheus's own log.
 */
function lastResponses(stateFolder: string, now = Date.now()): ReadonlyMap<string, readonly string[]> {
  const responses = readResponses(tailOf(logFile(stateFolder, "otelcol"), LOG_LINES), now);
  return withReasons(
    responses,
    readPrometheusErrors(tailOf(logFile(stateFolder, "prometheus"), LOG_LINES), now),
  );
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
    if (now - Date.parse(String(entry.ts)) > WINDOW_MS) continue;
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
    if (!error || now - Date.parse(time) > WINDOW_MS) return [];
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
