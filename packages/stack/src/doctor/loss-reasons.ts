/** The reason why items were dropped or rejected, as a sentence without a full stop, and its fix. */
export interface Explanation {
  readonly why: string;
  readonly fix: string;
}

type Table = Readonly<Record<string, Explanation>>;

const LOG = "npx lab logs otelcol";
/** The fix if the collector rejects data because it is full. */
export const COLLECTOR_FULL_FIX =
  "check that Tempo, Prometheus and Loki accept data (npx lab status), or raise limit_mib in otel-collector.yaml";
const SENDER_CLOCK = "correct the clock of the sender (timedatectl)";

/**
 * The filters of otel-collector.yaml. Each drops items that no backend accepts, so that the rest of the request is
 * stored.
 */
const FILTERS: Table = {
  "filter/span-without-id": {
    why: "their trace id or span id is missing or all zeros, because of a bug in the sender; Tempo would reject the whole push",
    fix: "in the sender, let the SDK generate the ids, and ignore a traceparent that is not valid",
  },
  "filter/metric-without-name": { why: "the metric has no name", fix: "give it one in the sender" },
  "filter/metric-without-temporality": {
    why: "a sum or histogram has no aggregationTemporality: usually OTLP/JSON written by hand",
    fix: "send aggregationTemporality 2 (cumulative) or 1 (delta)",
  },
  "filter/metric-from-future": {
    why: "the points are more than 9 minutes in the future",
    fix: `${SENDER_CLOCK}; OTLP timestamps are in nanoseconds`,
  },
  "filter/metric-too-old": {
    why: "the points are more than 12 hours old, or have no timestamp",
    fix: `${SENDER_CLOCK}; OTLP timestamps are in nanoseconds; do not resend old data`,
  },
  "filter/histogram-too-coarse": {
    why: "an exponential histogram has a scale below -4, which Prometheus does not support",
    fix: "use explicit buckets in the sender, or allow it more buckets",
  },
  "filter/histogram-not-convertible": {
    why: "a delta exponential histogram has a scale outside 0 to 20, or bucket offsets beyond 100,000: the collector cannot convert it",
    fix: "set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative in the sender, or use explicit buckets",
  },
  "filter/histogram-too-coarse-converted": {
    why: "a delta exponential histogram, converted to a cumulative one, has a scale below -4, which Prometheus does not support",
    fix: "use explicit buckets in the sender, or allow it more buckets",
  },
  "filter/log-too-old": {
    why: "the records are older than the 7 days that Loki keeps",
    fix: `${SENDER_CLOCK}; do not resend old data`,
  },
};

/** The filters that split metrics between two pipelines. They lose nothing, unlike all others. */
const ROUTING = "filter/route-";

/** Returns whether a series with these labels counts drops. */
export const countsDrops = (labels: string): boolean => !labels.includes(`filter="${ROUTING}`);

const INVALID_TRACE_ID: Explanation = {
  why: "a trace id is missing, all zero or not 16 bytes long, because of a bug in the sender; Tempo rejects the whole push",
  fix: "in the sender, let the SDK generate the ids: 16 random bytes for a trace, never all zero",
};
const UNSUPPORTED_TEMPORALITY: Explanation = {
  why: "the backend does not support the aggregation temporality of a metric",
  fix: "set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative in the sender",
};
const INVALID_ATTRIBUTE_KEY: Explanation = {
  why: "the backend does not accept an attribute key or a name",
  fix: "name attributes in ASCII (a-z, 0-9, dots and underscores) in the sender",
};
const INVALID_UTF8: Explanation = {
  why: "a text is not valid UTF-8",
  fix: "encode text as UTF-8 in the sender",
};
const TRACE_TOO_LARGE: Explanation = {
  why: "a trace exceeds Tempo's maximum size (max_bytes_per_trace in tempo/tempo.yaml)",
  fix: "find the trace id with npx lab logs tempo; in the sender, start a new trace for each request or job, and make attributes smaller",
};
const FEWER_SPANS_FIX = "sample in the sender (OTEL_TRACES_SAMPLER), or raise the limit";

interface Rule {
  readonly pattern: RegExp;
  readonly explanation: Explanation;
}

/** Explanations for filters that a user adds, by parts of their names. The first match is used. */
const FILTER_RULES: readonly Rule[] = [
  { pattern: /trace.*\bid/, explanation: INVALID_TRACE_ID },
  {
    pattern: /span.*\bid/,
    explanation: {
      why: "their span id is missing or zero, because of a bug in the sender; Tempo could not read such a trace",
      fix: "in the sender, let the SDK generate the ids: 8 random bytes for a span, never all zero",
    },
  },
  {
    pattern: /future|ahead/,
    explanation: { why: "their timestamp is in the future", fix: SENDER_CLOCK },
  },
  {
    pattern: /past|too-?old|\bold\b|stale/,
    explanation: {
      why: "they are older than the backend accepts",
      fix: `${SENDER_CLOCK}, or do not resend old data`,
    },
  },
  {
    pattern: /large|size|long|big/,
    explanation: {
      why: "they are larger than the backend accepts",
      fix: "make the sender's items smaller: shorter and fewer attributes, ids instead of whole objects",
    },
  },
  { pattern: /delta|temporality/, explanation: UNSUPPORTED_TEMPORALITY },
  { pattern: /utf-?8|charset|encoding/, explanation: INVALID_UTF8 },
  { pattern: /key|attribute|label/, explanation: INVALID_ATTRIBUTE_KEY },
  {
    pattern: /name|empty/,
    explanation: {
      why: "they have no name that the backend accepts",
      fix: "give each item a name in ASCII (a-z, 0-9, dots and underscores) in the sender",
    },
  },
  {
    pattern: /bound|bucket|histogram|count/,
    explanation: {
      why: "their buckets are not valid (bounds in order, one count more than bounds)",
      fix: "correct the histogram in the sender: use the SDK's own instruments",
    },
  },
];

/** Errors of Prometheus that concern only exponential histograms. */
export const HISTOGRAM_ERROR = /observation|histogram|(positive|negative) side|custom buckets/i;

/** Explanations for the error responses of backends, by parts of their text. The first match is used. */
export const RESPONSE_RULES: readonly Rule[] = [
  {
    pattern: HISTOGRAM_ERROR,
    explanation: {
      why: "an exponential histogram is not valid: its buckets do not add up to its count, or a bucket has a count of 2^63 or more",
      fix: "the sender's SDK has a defect: update it, or use explicit buckets",
    },
  },
  { pattern: /trace ids must be 128 bit|invalid trace id/i, explanation: INVALID_TRACE_ID },
  { pattern: /TRACE_TOO_LARGE/, explanation: TRACE_TOO_LARGE },
  {
    pattern: /RATE_LIMITED|LIVE_TRACES_EXCEEDED/,
    explanation: {
      why: "more spans or traces arrive than Tempo accepts (overrides in tempo/tempo.yaml)",
      fix: FEWER_SPANS_FIX,
    },
  },
  { pattern: /temporality/, explanation: UNSUPPORTED_TEMPORALITY },
  { pattern: /normalization for|label name|invalid name/, explanation: INVALID_ATTRIBUTE_KEY },
  {
    pattern: /too new|future|out of bounds/,
    explanation: { why: "an item is in the future or out of bounds", fix: SENDER_CLOCK },
  },
  {
    pattern: /too old|too far behind|out of order|duplicate sample/,
    explanation: {
      why: "an item is too old, or arrived twice or out of order",
      fix: `${SENDER_CLOCK}; two senders must not write the same series`,
    },
  },
  {
    pattern: /max entry size|structured metadata/,
    explanation: {
      why: "a log record, or its attributes, are larger than Loki accepts",
      fix: "log ids instead of whole objects",
    },
  },
  { pattern: /utf-?8/i, explanation: INVALID_UTF8 },
];

function explainFilter(filter: string): Explanation {
  const name = filter.replace(/^filter\//, "");
  const similar = FILTER_RULES.find(({ pattern }) => pattern.test(name));
  return (
    FILTERS[filter] ??
    similar?.explanation ?? {
      why: `the collector drops such items (${name.replaceAll("-", " ")})`,
      fix: `the processor ${filter} in otel-collector.yaml defines what it drops; correct the sender`,
    }
  );
}

const DELTA: Table = {
  limit: {
    why: "there are more series of delta metrics than the collector converts (max_streams in otel-collector.yaml)",
    fix: "use fewer attribute values in the sender, or OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative",
  },
  "delta.ErrOutOfOrder": {
    why: "delta points came out of order, or twice",
    fix: "two senders must not use the same attributes and service.instance.id; each sends its points in order",
  },
  "delta.ErrOlderStart": {
    why: "delta points began before the first point of their series",
    fix: "two senders must not use the same attributes and service.instance.id",
  },
};

const TEMPO: Table = {
  trace_too_large: TRACE_TOO_LARGE,
  trace_too_large_to_compact: {
    why: "a trace is larger than Tempo compacts (max_bytes_per_trace in tempo/tempo.yaml)",
    fix: "start a new trace for each request or job in the sender",
  },
  rate_limited: {
    why: "more spans arrive than Tempo accepts (ingestion_rate_limit_bytes in tempo/tempo.yaml)",
    fix: FEWER_SPANS_FIX,
  },
  live_traces_exceeded: {
    why: "more traces are open at once than Tempo accepts (max_traces_per_user in tempo/tempo.yaml)",
    fix: FEWER_SPANS_FIX,
  },
  internal_error: {
    why: "Tempo did not store them in time, or rejected the whole push: an invalid trace id, or an internal error",
    fix: "npx lab logs tempo shows the error: for “invalid trace id” correct the sender, for other errors check the disk",
  },
  invalid_utf8: {
    why: "a span or service name is not valid UTF-8, so Tempo generates no metrics from the span",
    fix: "encode names as UTF-8 in the sender; docs/runbooks/SpanMetricsInvalidLabels.md",
  },
  outside_metrics_ingestion_slack: {
    why: "they are too old or too new for span metrics (the traces themselves are stored)",
    fix: SENDER_CLOCK,
  },
};

const LOKI: Table = {
  rate_limited: {
    why: "more log lines arrive than Loki accepts (ingestion_rate_mb in loki/loki.yaml); senders retry",
    fix: "log less (LOG_LEVEL=warn), or raise the limit",
  },
  per_stream_rate_limit: {
    why: "more log lines of one service arrive than Loki accepts (per_stream_rate_limit in loki/loki.yaml); senders retry",
    fix: "log less (LOG_LEVEL=warn), or raise the limit",
  },
  stream_limit: {
    why: "there are more label combinations than Loki accepts (max_global_streams_per_user in loki/loki.yaml); senders retry",
    fix: "service.name must not contain ids; streams end 5 minutes after their last line",
  },
  line_too_long: { why: "lines are longer than 256 KB", fix: "log an id instead of the whole object" },
  structured_metadata_too_large: {
    why: "the attributes of a record are larger than Loki accepts (64 KB)",
    fix: "log fewer or shorter attributes",
  },
  structured_metadata_too_many: {
    why: "a record has more attributes than Loki accepts (128)",
    fix: "log fewer attributes",
  },
  greater_than_max_sample_age: { why: "lines are older than 7 days", fix: SENDER_CLOCK },
  too_far_behind: { why: "lines are older than Loki accepts in their stream", fix: SENDER_CLOCK },
  out_of_order: { why: "lines are older than Loki accepts in their stream", fix: SENDER_CLOCK },
  too_far_in_future: { why: "lines are more than 10 minutes in the future", fix: SENDER_CLOCK },
  missing_labels: { why: "lines have no label", fix: "set OTEL_SERVICE_NAME in the sender" },
  invalid_labels: {
    why: "the labels of a push are not valid",
    fix: "label names consist of a-z, 0-9 and underscores",
  },
  label_value_too_long: { why: "a label value is too long (2,048 bytes)", fix: "shorten service.name" },
  label_name_too_long: { why: "a label name is too long (1,024 bytes)", fix: "shorten the label name" },
  max_label_names_per_series: {
    why: "lines have more labels than Loki accepts (15)",
    fix: "only service_name, level and log may be labels",
  },
  duplicate_label_names: { why: "lines have a label twice", fix: "remove one of them in the sender" },
  request_body_too_large: { why: "a push is too large", fix: "send smaller batches" },
};

const OTLP_REFUSED: Explanation = {
  why: "the collector was at its memory limit, or a queue was full; OTLP senders retry until their buffers are full",
  fix: `${LOG} shows which; ${COLLECTOR_FULL_FIX}`,
};

const SEND_FAILED: Table = {
  "otlp_grpc/tempo": {
    why: "Tempo rejected them permanently",
    fix: `${LOG} and npx lab logs tempo show Tempo's response; docs/runbooks/TempoRefusing.md`,
  },
  "otlp_http/prometheus": {
    why: "Prometheus rejected a request permanently: two senders send the same series, or one sends a point again with another value",
    fix: `give each sender its own service.instance.id; ${LOG} and npx lab logs prometheus show other reasons; docs/runbooks/CollectorLosing.md`,
  },
  "otlp_http/prometheus-exponential": {
    why: "Prometheus rejected exponential histograms permanently: their buckets do not add up to their count, or two senders send the same series",
    fix: "npx lab logs prometheus shows the reason; correct the sender; docs/runbooks/CollectorLosing.md",
  },
  "otlp_http/loki": {
    why: "Loki rejected them permanently",
    fix: `${LOG} shows Loki's response; docs/runbooks/LokiRefusing.md`,
  },
};

const NOT_OTLP: Explanation = {
  why: "the body is not valid OTLP (an id of the wrong length, an unknown field type, a truncated message), or is larger than 16 MiB",
  fix: "the sender's own log shows the collector's response; let an SDK encode the data, in smaller batches; docs/runbooks/CollectorInvalidRequests.md",
};
const OVER_LIMIT: Explanation = {
  why: "the body is larger than 16 MiB",
  fix: "send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE, OTEL_BLRP_MAX_EXPORT_BATCH_SIZE), or shorter attributes",
};

const REQUESTS: Table = {
  400: NOT_OTLP,
  404: {
    why: "the path is not one of /v1/traces, /v1/metrics and /v1/logs",
    fix: "set OTEL_EXPORTER_OTLP_ENDPOINT in the sender to the address without a path; with OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and the like, add the path",
  },
  413: OVER_LIMIT,
  415: {
    why: "the Content-Type is neither application/x-protobuf nor application/json",
    fix: "set the Content-Type in the sender",
  },
  500: { why: "an error inside the collector", fix: LOG },
  INTERNAL: NOT_OTLP,
  INVALID_ARGUMENT: NOT_OTLP,
  RESOURCE_EXHAUSTED: OVER_LIMIT,
};

const NOTIFICATIONS: Table = {
  clientError: {
    why: "the receiver rejects the message (4xx)",
    fix: "npx lab logs alertmanager shows the status: 404 = wrong address in webhook-url, 413 = max_alerts in alertmanager.yml is missing or annotations are huge, 400 = npx lab logs console",
  },
  serverError: {
    why: "the receiver cannot store the message (5xx); Alertmanager retries",
    fix: "npx lab logs console: disk space and permissions of the alerts folder",
  },
  contextDeadlineExceeded: {
    why: "the receiver was unavailable, or did not respond in time; Alertmanager retries",
    fix: "npx lab status: is the console ready? npx lab logs console",
  },
  contextCanceled: {
    why: "Alertmanager stopped before it delivered them",
    fix: "none needed if you stopped it",
  },
  other: {
    why: "the receiver could not be reached; Alertmanager retries",
    fix: "npx lab status: is the console ready? webhook-url must contain its address",
  },
};

const INVALID_TIMESTAMPS: Explanation = {
  why: "the samples have timestamps that Prometheus does not accept (too old, too new, or in the wrong order)",
  fix: "two senders must not write the same series; correct the clock of the sender",
};

/**
 * The kinds of losses that the doctor reports. A rejected request belongs to no signal, because it could not be
 * decoded.
 */
export const LOSS_SIGNALS = ["traces", "metrics", "logs", "requests", "alerts"] as const;
type LossSignal = (typeof LOSS_SIGNALS)[number];

/** A counter of items that were dropped or rejected. */
export interface LossCounter {
  readonly signal: LossSignal;
  readonly metric: string;
  /** The component with this counter; undefined for our own services, which all have it. */
  readonly component?: "otelcol" | "tempo" | "loki" | "prometheus" | "alertmanager" | "grafana";
  readonly items: string;
  /**
   * - `dropped`: by the component itself.
   * - `rejected`: permanently, so the items are lost.
   * - `refused`: temporarily, so the sender retries.
   * - `lost`: could not be delivered.
   * - `failed to deliver`: could not be delivered, so the sender tries again.
   */
  readonly verb: "dropped" | "refused" | "rejected" | "lost" | "failed to deliver";
  /** The label with the reason. A series without it counts something else and is ignored. */
  readonly label?: string;
  /** The label with the place of the loss, shown with the reason. */
  readonly where?: string;
  /** `retried` means that the sender keeps the items and sends them again. */
  readonly outcome: "lost" | "retried";
  /** The reasons for which the outcome is `retried` instead. */
  readonly retriedReasons?: readonly string[];
  /** The verb for these reasons, if it is not `verb`. */
  readonly retriedVerb?: "refused" | "failed to deliver";
  /** Only series with these label values count. */
  readonly only?: Readonly<Record<string, RegExp>>;
  readonly explain: (reason: string) => Explanation;
  /** Selects the backends' responses to the collector's exporters that explain the reason. */
  readonly responsesOf?: (
    reason: string,
    responses: ReadonlyMap<string, readonly string[]>,
  ) => readonly string[] | undefined;
}

const unknownReason = (reason: string, component: string): Explanation => ({
  why: reason ? `reason ${reason}` : "no reason is given",
  fix: `npx lab logs ${component}`,
});
const explainFrom =
  (table: Table, component: string) =>
  (reason: string): Explanation =>
    table[reason] ?? unknownReason(reason, component);

const senderDropped = (backend: string, component: string): Explanation => ({
  why: `the service's buffer was full while ${backend} was unavailable, or ${backend} rejected them permanently`,
  fix: `npx lab logs ${component}; npx lab status; docs/runbooks/TelemetryDropped.md`,
});

const OTELCOL = { component: "otelcol" } as const;
const collector = (
  signal: LossCounter["signal"],
  items: string,
  name: string,
  filter: string,
): LossCounter[] => [
  {
    ...OTELCOL,
    signal,
    items,
    metric: `otelcol_processor_filter_${filter}_filtered_total`,
    verb: "dropped",
    label: "filter",
    only: { filter: new RegExp(`^(?!${ROUTING})`) },
    outcome: "lost",
    explain: explainFilter,
  },
  {
    ...OTELCOL,
    signal,
    items,
    metric: `otelcol_exporter_send_failed_${name}_total`,
    verb: "lost",
    label: "exporter",
    outcome: "lost",
    explain: explainFrom(SEND_FAILED, "otelcol"),
    responsesOf: (exporter, responses) => responses.get(exporter),
  },
  {
    ...OTELCOL,
    signal,
    items,
    metric: `otelcol_receiver_refused_${name}_total`,
    verb: "refused",
    outcome: "retried",
    explain: () => OTLP_REFUSED,
  },
  {
    ...OTELCOL,
    signal,
    items,
    metric: `otelcol_receiver_failed_${name}_total`,
    verb: "rejected",
    outcome: "lost",
    explain: () => ({ why: "an error inside the collector", fix: LOG }),
  },
];

/** Every counter of dropped and rejected items, along the path of each signal. */
export const LOSS_COUNTERS: readonly LossCounter[] = [
  {
    signal: "traces",
    metric: "telemetry_spans_dropped_total",
    items: "spans",
    verb: "dropped",
    outcome: "lost",
    explain: () => senderDropped("the collector", "otelcol"),
  },
  ...collector("traces", "spans", "spans", "spans"),
  {
    signal: "traces",
    metric: "tempo_discarded_spans_total",
    component: "tempo",
    items: "spans",
    verb: "rejected",
    label: "reason",
    outcome: "lost",
    explain: explainFrom(TEMPO, "tempo"),
    // The other reasons are specific enough, and their responses do not belong to this one.
    responsesOf: (reason, responses) =>
      reason === "internal_error"
        ? responses.get("otlp_grpc/tempo")?.filter((response) => !/TOO_LARGE|LIMITED|EXCEEDED/.test(response))
        : undefined,
  },
  ...collector("metrics", "metric points", "metric_points", "datapoints"),
  {
    ...OTELCOL,
    signal: "metrics",
    metric: "otelcol_deltatocumulative_datapoints_total",
    items: "delta points",
    verb: "dropped",
    label: "error",
    outcome: "lost",
    explain: explainFrom(DELTA, "otelcol"),
  },
  ...(["out_of_bound", "out_of_order", "too_old"] as const).map(
    (kind): LossCounter => ({
      signal: "metrics",
      metric: `prometheus_tsdb_${kind}_samples_total`,
      component: "prometheus",
      items: "samples",
      verb: "rejected",
      outcome: "lost",
      explain: () => INVALID_TIMESTAMPS,
    }),
  ),
  {
    signal: "metrics",
    metric: "prometheus_api_remote_write_invalid_labels_samples_total",
    component: "prometheus",
    items: "span-metric samples",
    verb: "rejected",
    outcome: "lost",
    explain: () => ({
      why: "a label is not valid UTF-8, or occurs twice: a span name or service name with such bytes",
      fix: "npx lab logs prometheus shows the label; encode names as UTF-8 in the sender",
    }),
  },
  ...(["failed", "dropped"] as const).map(
    (kind): LossCounter => ({
      signal: "metrics",
      metric: `prometheus_remote_storage_samples_${kind}_total`,
      component: "tempo",
      items: "span-metric samples",
      verb: "lost",
      outcome: "lost",
      explain: () => ({
        why: "Prometheus did not accept them by remote write",
        fix: "npx lab logs tempo and npx lab logs prometheus show why; docs/runbooks/RemoteWriteFailing.md",
      }),
    }),
  ),
  {
    signal: "metrics",
    metric: "tempo_metrics_generator_spans_discarded_total",
    component: "tempo",
    items: "span-metric spans",
    verb: "dropped",
    label: "reason",
    outcome: "lost",
    explain: explainFrom(TEMPO, "tempo"),
  },
  {
    signal: "metrics",
    metric: "tempo_metrics_generator_registry_series_limited_total",
    component: "tempo",
    items: "span-metric updates",
    verb: "dropped",
    outcome: "lost",
    explain: () => ({
      why: "there are more series than metrics_generator_max_active_series in tempo/tempo.yaml allows: span metrics and the service map are incomplete",
      fix: "span names must not contain ids or other unbounded values; Tempo removes a series 5 to 10 minutes after its last span",
    }),
  },
  {
    signal: "logs",
    metric: "telemetry_log_lines_dropped_total",
    items: "log lines",
    verb: "dropped",
    outcome: "lost",
    explain: () => senderDropped("Loki", "loki"),
  },
  ...collector("logs", "log records", "log_records", "logs"),
  {
    signal: "logs",
    metric: "loki_discarded_samples_total",
    component: "loki",
    items: "log lines",
    verb: "rejected",
    label: "reason",
    outcome: "lost",
    retriedReasons: ["rate_limited", "per_stream_rate_limit", "stream_limit"],
    retriedVerb: "refused",
    explain: explainFrom(LOKI, "loki"),
  },
  {
    ...OTELCOL,
    signal: "requests",
    metric: "otelcol_receiver_http_request_duration_seconds_count",
    items: "requests",
    verb: "rejected",
    label: "http_response_status_code",
    where: "http_route",
    // 429 and 503 ask the sender to retry.
    only: { http_request_method: /^POST$/, http_response_status_code: /^(4(?!29)..|500)$/ },
    outcome: "lost",
    explain: explainFrom(REQUESTS, "otelcol"),
  },
  {
    ...OTELCOL,
    signal: "requests",
    metric: "otelcol_receiver_grpc_call_duration_seconds_count",
    items: "requests",
    verb: "rejected",
    label: "rpc_response_status_code",
    where: "rpc_method",
    only: { rpc_response_status_code: /^(INTERNAL|INVALID_ARGUMENT|RESOURCE_EXHAUSTED)$/ },
    outcome: "lost",
    explain: explainFrom(REQUESTS, "otelcol"),
  },
  ...(["errors", "dropped"] as const).map(
    (kind): LossCounter => ({
      signal: "alerts",
      metric: `prometheus_notifications_${kind}_total`,
      component: "prometheus",
      items: "alerts",
      verb: "failed to deliver",
      outcome: "retried",
      explain: () => ({
        why: "Alertmanager did not accept them; Prometheus resends alerts that are still firing",
        fix: "npx lab status: is alertmanager ready? npx lab logs prometheus",
      }),
    }),
  ),
  {
    signal: "alerts",
    metric: "alertmanager_notifications_failed_total",
    component: "alertmanager",
    items: "notifications",
    verb: "lost",
    label: "reason",
    only: { integration: /^webhook$/ },
    outcome: "lost",
    // Retried with the next message of the group.
    retriedReasons: ["serverError", "contextDeadlineExceeded", "contextCanceled", "other"],
    retriedVerb: "failed to deliver",
    explain: explainFrom(NOTIFICATIONS, "alertmanager"),
  },
  {
    signal: "alerts",
    metric: "grafana_alerting_notifications_failed_total",
    component: "grafana",
    items: "notifications",
    verb: "lost",
    only: { integration: /^webhook$/ },
    outcome: "lost",
    explain: () => ({
      why: "the inbox was unavailable or rejected them",
      fix: "npx lab logs grafana and npx lab logs console show why; the contact point's address is WEBHOOK_URL",
    }),
  },
];
