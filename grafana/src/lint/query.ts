import { type Backends, getJson } from "../queries/backend-client.ts";
import type { TimeRange } from "../queries/intervals.ts";
import type { RunnableQuery } from "../queries/list-queries.ts";
import { allNodes, labelsUsed, lintExpression, parseExpression, selectorsOf, type TypeOf } from "./promql.ts";

/**
 * Counters that appear only when something goes wrong or a certain sender exists, by the reason. Queries treat them as
 * 0 until then.
 */
export const APPEARS_WITH_FIRST_EVENT: ReadonlySet<string> = new Set([
  "lab_fault_active", // a fault (lab break)
  "k6_vus", // a load test (lab load)
  "k6_requests_succeeded_total",
  "k6_requests_shed_total",
  "k6_requests_failed_total",
  "k6_latency_seconds",
  "gateway_upstream_calls_total", // a mechanism of the gateway that is off by default
  "gateway_instance_latency_seconds",
  "gateway_instance_active_calls",
  "gateway_instance_ejected",
  "gateway_breaker_state",
  "gateway_breaker_rejections_total",
  "gateway_retries_total",
  "gateway_fallbacks_total",
  "gateway_rate_limited_total",
  "gateway_rate_limit_clients",
  "gateway_cache_requests_total",
  "gateway_auth_total",
  "gateway_auth_jwks_up",
  "otelcol_exporter_send_failed_spans_total",
  "otelcol_exporter_send_failed_metric_points_total",
  "otelcol_exporter_send_failed_log_records_total",
  "otelcol_exporter_sent_metric_points_total", // a sender of metrics by OTLP
  "otelcol_exporter_sent_log_records_total",
  "otelcol_receiver_accepted_metric_points_total",
  "otelcol_receiver_accepted_log_records_total",
  "otelcol_receiver_refused_metric_points_total",
  "otelcol_receiver_refused_log_records_total",
  "otelcol_processor_filter_spans_filtered_total", // an invalid item
  "otelcol_processor_filter_datapoints_filtered_total",
  "otelcol_processor_filter_logs_filtered_total",
  "otelcol_receiver_http_request_duration_seconds_count", // a sender by OTLP/HTTP
  "tempo_discarded_spans_total",
  "loki_discarded_samples_total",
  "traces_service_graph_request_failed_total",
]);

/** The metrics, labels and attributes that exist in the backends in a time range. */
export interface KnownNames {
  /** The labels of a metric. Undefined if the metric does not exist; an empty set if it has no series yet. */
  readonly labelsOf: (metric: string) => Promise<ReadonlySet<string> | undefined>;
  readonly typeOf: TypeOf;
  readonly logLabels: ReadonlySet<string>;
  readonly attributes: ReadonlySet<string>;
}

/** Reads the metrics, labels and attributes from the backends. */
export async function readKnownNames(
  { prometheus, loki, tempo }: Backends,
  { from, to }: TimeRange,
): Promise<KnownNames> {
  const during = { start: `${from}`, end: `${to}` };
  const metadata = (
    await getJson<{ data: Record<string, { type: string }[]> }>(prometheus, "/api/v1/metadata", {})
  ).data;
  const withoutSuffix = (metric: string) => metric.replace(/_(bucket|sum|count|total|created)$/, "");
  const typeOf = (metric: string) => (metadata[metric] ?? metadata[metric.replace(/_total$/, "")])?.[0]?.type;
  const ofAlerts = alertLabels(prometheus);
  const known = new Map<string, Promise<ReadonlySet<string> | undefined>>();
  const read = async (metric: string) => {
    if (metric === "ALERTS" || metric === "ALERTS_FOR_STATE") return ofAlerts;
    const { data } = await getJson<{ data: string[] }>(prometheus, "/api/v1/labels", {
      "match[]": metric,
      ...during,
    });
    if (data.length > 0) return new Set(data);
    return metadata[metric] || metadata[withoutSuffix(metric)] || APPEARS_WITH_FIRST_EVENT.has(metric)
      ? new Set<string>()
      : undefined;
  };
  const { data: logLabels = [] } = await getJson<{ data?: string[] }>(loki, "/loki/api/v1/labels", {
    start: `${from * 1e9}`,
    end: `${to * 1e9}`,
  });
  const { scopes } = await getJson<{ scopes: { name: string; tags: string[] }[] }>(
    tempo,
    "/api/v2/search/tags",
    {},
  );
  const attributes = scopes.flatMap(({ name, tags }) =>
    tags.map((tag) => (name === "intrinsic" ? tag : `${name}.${tag}`)),
  );
  return {
    labelsOf: (metric) => known.get(metric) ?? known.set(metric, read(metric)).get(metric) ?? read(metric),
    typeOf,
    logLabels: new Set(logLabels),
    attributes: new Set(attributes),
  };
}

interface RuleResponse {
  readonly data: {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly type: string;
        readonly labels?: Readonly<Record<string, string>>;
      }[];
    }[];
  };
}

/**
 * Returns the labels that an alert can have. An alert that has never fired has no series, so they are read from its
 * rule.
 */
async function alertLabels(prometheus: string): Promise<ReadonlySet<string>> {
  const { data } = await getJson<RuleResponse>(prometheus, "/api/v1/rules", { type: "alert" });
  const labels = data.groups.flatMap(({ rules }) => rules.flatMap((rule) => Object.keys(rule.labels ?? {})));
  return new Set(["alertname", "alertstate", "service_name", ...labels]);
}

/** Returns the unknown metrics, labels and attributes of a query, and the calculation errors of PromQL. */
export async function lintQuery(
  { language, query }: RunnableQuery,
  names: KnownNames,
  { prometheus }: Backends,
): Promise<string[]> {
  if (language === "logql") return unknownLogLabels(query, names);
  if (language === "traceql") return unknownAttributes(query, names);
  const root = await parseExpression(prometheus, query);
  const problems = lintExpression(root, names.typeOf);
  for (const { name = "" } of selectorsOf(root))
    if (!(await names.labelsOf(name))) problems.push(`unknown metric ${name}`);
  for (const node of allNodes(root)) {
    const { labels, metrics } = labelsUsed(node);
    const sets = await Promise.all(metrics.map((metric) => names.labelsOf(metric)));
    // Without series there is nothing to compare with.
    if (sets.some((set) => set === undefined || set.size === 0)) continue;
    for (const label of labels)
      if (!sets.some((set) => set?.has(label))) problems.push(`no label ${label} on ${metrics.join(", ")}`);
  }
  return [...new Set(problems)];
}

const STREAM_SELECTOR = /\{([^{}]*)\}\s*(?=\||\[|$|\n)/g;
const MATCHER = /(\w+)\s*(?:=~|!~|!=|=)\s*["`]/g;

/**
 * Returns the unknown labels of stream selectors. Labels that a parser extracts from a line exist only in that query.
 */
function unknownLogLabels(query: string, { logLabels }: KnownNames): string[] {
  const selectors = [...query.matchAll(STREAM_SELECTOR)].map(([, inside = ""]) => inside);
  const labels = selectors.flatMap((inside) => [...inside.matchAll(MATCHER)].map(([, label = ""]) => label));
  if (labels.length === 0) return ["no stream selector found"];
  return [...new Set(labels)]
    .filter((label) => !logLabels.has(label))
    .map((label) => `unknown log label ${label}`);
}

/** `resource.service.name`, `span.http.route`, `kind`: the left side of each operator. */
const COMPARED = /([A-Za-z_][\w.]*)\s*(?:=~|!~|!=|>=|<=|=|>|<)/g;

function unknownAttributes(query: string, { attributes }: KnownNames): string[] {
  const bare = query.replace(/"[^"]*"/g, '""');
  const named = [...bare.matchAll(COMPARED)].map(([, name = ""]) => name);
  if (named.length === 0) return ["no condition found"];
  return [...new Set(named)]
    .filter((name) => !attributes.has(name))
    .map((name) => `unknown attribute ${name}`);
}
