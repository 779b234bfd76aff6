/**
 * Functions for the PromQL of the dashboards. All dashboards use them, so that the arithmetic is correct everywhere:
 *   a rate is computed from a counter; a share is a sum divided by a sum, never a mean of shares;
 *   a quantile is computed from summed buckets, never as a mean or a maximum of quantiles.
 */

/** Four scrapes, or more if a point covers more; Grafana inserts the value. */
export const INTERVAL = "[$__rate_interval]";

/** The whole time range of the dashboard; Grafana inserts the value. */
export const RANGE = "[$__range]";

/** Matches the gateways. Their metrics show the quality of the service for users. */
export const GATEWAYS = 'service_name=~"gateway.*"';

/** `metric{matchers}`; without matchers just the metric. */
export const series = (metric: string, matchers = ""): string =>
  matchers === "" ? metric : `${metric}{${matchers}}`;

/** Returns the increase of a counter per second. */
export const rate = (metric: string, matchers = ""): string => `rate(${series(metric, matchers)}${INTERVAL})`;

/** Returns the increase of a counter in the time of one point. */
export const increase = (metric: string, matchers = ""): string =>
  `increase(${series(metric, matchers)}${INTERVAL})`;

/** Returns the union of the series of these expressions. They differ in their labels, so none hides another. */
export const union = (...expressions: string[]): string => expressions.join("\n  or ");

/** Returns the sum over all labels except these. */
export const sumBy = (labels: readonly string[], expression: string): string =>
  labels.length === 0 ? `sum(\n  ${expression}\n)` : `sum by (${labels.join(", ")}) (\n  ${expression}\n)`;

/** Returns the share of `part` in `whole`, both summed by the same labels. NaN if nothing happened. */
export const share = (labels: readonly string[], part: string, whole: string): string =>
  `${sumBy(labels, part)}\n/\n${sumBy(labels, whole)}`;

/**
 * Like {@link share}, for a `part` whose series Tempo creates only with the first event. The result is 0 until then, but
 * has no value while Tempo is at its series limit, because the first event may already have happened.
 */
export const shareOfRare = (labels: readonly string[], part: string, whole: string): string =>
  `(\n${sumBy(labels, part)}\nor\n(0 * ${sumBy(labels, whole)} unless on () ${seriesLimited(INTERVAL)} > 0)\n)\n/\n${sumBy(labels, whole)}`;

/** The mean of a histogram: its sum divided by its count. */
export const mean = share;

/** Returns a quantile of `buckets` (rates of `…_bucket` series), for each combination of these labels. */
export const quantile = (q: number, labels: readonly string[], buckets: string): string =>
  `histogram_quantile(${q}, ${sumBy(["le", ...labels], buckets)})`;

/** `expression`, or 0 while its series do not exist yet: some counters appear with their first event. */
export const orZero = (expression: string): string => `(${expression}) or vector(0)`;

/** The label with the text of a row, if no other column is suitable. */
export const TEXT_COLUMN = "state";

/**
 * `expression`. While it has no series, the result is one row with the text `words` in the label `label` and the value
 * `value`. For panels that show no text when they are empty (tables, state timelines). LogQL supports this syntax too.
 */
export const orTextRow = (expression: string, label: string, words: string, value = "0"): string =>
  `(\n${expression}\n)\nor on ()\nlabel_replace(vector(${value}), "${label}", "${words}", "", "")`;

/**
 * Returns the increase of a counter in a window (`INTERVAL` or `RANGE`), also if the counter first appears within the
 * window. Some counters appear with their first loss, at 1 or more; `increase` misses it, because it needs two samples.
 */
export function newOrIncreased(metric: string, window: string, matchers = ""): string {
  const counter = series(metric, matchers);
  return `(${counter} unless ${counter} offset ${window.slice(1, -1)}) or increase(${counter}${window})`;
}

/** Returns the sum of {@link newOrIncreased}, or 0 while the counter does not exist. */
export const totalIncrease = (metric: string, window: string, matchers = ""): string =>
  `(sum(${newOrIncreased(metric, window, matchers)}) or vector(0))`;

/**
 * Log records that the collector dropped after a permanent error; 0 while Loki counts rejected OTLP records, because the
 * collector's number includes records that Loki stored.
 */
export const lostRecords = (window: string): string =>
  `${totalIncrease("otelcol_exporter_send_failed_log_records_total", window)} * (${totalIncrease("loki_discarded_samples_total", window, 'format="otlp", reason!~".*_limit|rate_limited"')} == bool 0)`;

/** Returns the number of spans whose series Tempo did not create, because its series limit is reached. */
export const seriesLimited = (window: string): string =>
  totalIncrease("tempo_metrics_generator_registry_series_limited_total", window);

/**
 * A quantile of native histograms, which have no buckets as series: `rates` of them, for each combination of these
 * labels.
 */
export const nativeQuantile = (q: number, labels: readonly string[], rates: string): string =>
  `histogram_quantile(${q}, ${sumBy(labels, rates)})`;

const HTTP = "http_server_request_duration_seconds";
const RPC = "rpc_server_call_duration_seconds";

/**
 * gRPC codes of server errors, according to the semantic conventions. The others are correct responses to the caller.
 */
const RPC_SERVER_ERRORS = "UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS";

/**
 * Returns the requests that services have answered over HTTP or gRPC: the gateways serve HTTP only, A and B both. The
 * two histograms have the same buckets. `how` is `rate` or `increase`.
 */
const served = (part: "count" | "bucket", how: typeof rate, matchers: string): string =>
  union(how(`${HTTP}_${part}`, matchers), how(`${RPC}_${part}`, matchers));

/** Returns the rate of requests. */
export const requests = (matchers = ""): string => served("count", rate, matchers);
/** Returns the rates of the duration buckets of requests. */
export const durations = (matchers = ""): string => served("bucket", rate, matchers);
/** Returns the increases of the duration buckets of requests. */
export const durationCounts = (matchers = ""): string => served("bucket", increase, matchers);

/** Returns the requests in which the server failed: HTTP 5xx, and the gRPC codes that mean the same. */
export function failures(matchers = ""): string {
  const and = (more: string) => (matchers === "" ? more : `${matchers}, ${more}`);
  return union(
    rate(`${HTTP}_count`, and('http_response_status_code=~"5.."')),
    rate(`${RPC}_count`, and(`rpc_response_status_code=~"${RPC_SERVER_ERRORS}"`)),
  );
}

/** The labels that distinguish the requests of a service, and the legend with them. Each request has half of them. */
export const ROUTE_AND_STATUS = [
  "http_request_method",
  "http_route",
  "rpc_method",
  "http_response_status_code",
  "rpc_response_status_code",
] as const;

/** Returns the requests by route and status, without the statuses that have never occurred (their counters are 0). */
export function requestsByStatus(matchers: string): string {
  const by = ["service_name", ...ROUTE_AND_STATUS];
  const ever = union(series(`${HTTP}_count`, matchers), series(`${RPC}_count`, matchers));
  return `${sumBy(by, requests(matchers))}\nand\n${sumBy(by, ever)} > 0`;
}
