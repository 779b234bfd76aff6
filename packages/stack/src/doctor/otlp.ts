import { rootCause } from "@lgtm-lab/contracts";
import { HOST, type PortVariable } from "../ports.ts";
import {
  broken,
  type CheckResult,
  type DoctorContext,
  fine,
  type Hop,
  readyHop,
  waitUntilOk,
} from "./hop.ts";
import { getCounters, getJson, NANOS_PER_MS, PROBE_TIMEOUT_MS, querySeries } from "./http.ts";
import { COLLECTOR_FULL_FIX, countsDrops } from "./loss-reasons.ts";

/** The service name of the doctor's own data. */
const DOCTOR = "lab-doctor";

const STORED_MS = 6000;
const METRIC = "lab.doctor.probe";

/** An item of one signal that is sent to :4318, and the backend in which it must be found. */
interface Route {
  readonly signal: "traces" | "metrics" | "logs";
  /** The name of one item. */
  readonly item: string;
  readonly backend: string;
  readonly ready: Hop;
  readonly exporter: string;
  /** The collector's counter of items that the backend rejected permanently. */
  readonly failed: string;
  /** The filters' counter of items that the collector dropped. */
  readonly filtered: string;
  /** The collector's variable with the backend's address, and its required value. */
  readonly requiredSetting: (context: DoctorContext) => string;
  readonly body: (id: string, now: bigint) => unknown;
  readonly isStored: (context: DoctorContext, id: string) => Promise<boolean>;
}

const resource = { attributes: [{ key: "service.name", value: { stringValue: DOCTOR } }] };

const ROUTES: Readonly<Record<Route["signal"], Route>> = {
  traces: {
    signal: "traces",
    item: "span",
    backend: "Tempo",
    ready: readyHop("tempo", "TEMPO_PORT", "/ready"),
    exporter: "otlp_grpc/tempo",
    failed: "otelcol_exporter_send_failed_spans_total",
    filtered: "otelcol_processor_filter_spans_filtered_total",
    requiredSetting: ({ ports }) => `TEMPO_OTLP_ENDPOINT must be ${HOST}:${ports.TEMPO_OTLP_PORT}`,
    body: (id, now) => {
      const span = { traceId: id, spanId: id.slice(0, 16), name: "lab doctor", kind: 1 };
      const times = { startTimeUnixNano: `${now - NANOS_PER_MS}`, endTimeUnixNano: `${now}` };
      return { resourceSpans: [{ resource, scopeSpans: [{ spans: [{ ...span, ...times }] }] }] };
    },
    isStored: async ({ at }, id) => {
      const { batches = [] } = await getJson<{ batches?: unknown[] }>(at("TEMPO_PORT", `/api/traces/${id}`));
      return batches.length > 0;
    },
  },
  metrics: {
    signal: "metrics",
    item: "metric point",
    backend: "Prometheus",
    ready: readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"),
    exporter: "otlp_http/prometheus",
    failed: "otelcol_exporter_send_failed_metric_points_total",
    filtered: "otelcol_processor_filter_datapoints_filtered_total",
    requiredSetting: ({ at }) => `PROMETHEUS_URL must be ${at("PROMETHEUS_PORT")}`,
    body: (id, now) => {
      const dataPoints = [{ asInt: `${pointValue(id)}`, timeUnixNano: `${now}` }];
      return {
        resourceMetrics: [
          { resource, scopeMetrics: [{ metrics: [{ name: METRIC, gauge: { dataPoints } }] }] },
        ],
      };
    },
    // One series, whose value identifies the point. A label would create a new series each time.
    isStored: async (context, id) => {
      const series = await querySeries(context, `lab_doctor_probe{service_name="${DOCTOR}"}`);
      return series.some(({ values }) => values.at(-1) === pointValue(id));
    },
  },
  logs: {
    signal: "logs",
    item: "log record",
    backend: "Loki",
    ready: readyHop("loki", "LOKI_PORT", "/ready"),
    exporter: "otlp_http/loki",
    failed: "otelcol_exporter_send_failed_log_records_total",
    filtered: "otelcol_processor_filter_logs_filtered_total",
    requiredSetting: ({ at }) => `LOKI_URL must be ${at("LOKI_PORT")}`,
    body: (id, now) => {
      const record = {
        timeUnixNano: `${now}`,
        severityNumber: 5,
        body: { stringValue: "lab doctor" },
        traceId: id,
      };
      return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
    },
    isStored: async ({ at }, id) => {
      const query = new URLSearchParams({
        query: `{service_name="${DOCTOR}"} | trace_id="${id}"`,
        start: `${BigInt(Date.now() - 60_000) * NANOS_PER_MS}`,
      });
      const response = await getJson<{ data: { result: unknown[] } }>(
        at("LOKI_PORT", `/loki/api/v1/query_range?${query}`),
      );
      return response.data.result.length > 0;
    },
  },
};

/** Returns an integer that a float represents exactly, different for each probe. */
const pointValue = (id: string): number => Number.parseInt(id.slice(0, 12), 16);

/** OTLP sender → :4318 → collector → the backend, for one signal. */
export function otlpHops(signal: Route["signal"]): readonly Hop[] {
  const route = ROUTES[signal];
  return [
    readyHop("otelcol", "OTELCOL_HEALTH_PORT", "/"),
    { name: `OTLP ${route.item} → collector`, check: (context) => send(route, context) },
    route.ready,
    { name: `OTLP ${route.item} → ${route.backend}`, check: (context) => find(route, context) },
  ];
}

async function send({ signal, item, body }: Route, context: DoctorContext): Promise<CheckResult> {
  const url = context.at("OTELCOL_HTTP_PORT", `/v1/${signal}`);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body(context.id, BigInt(Date.now()) * NANOS_PER_MS)),
    signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
  }).catch(rootCause);
  if (!(response instanceof Response))
    return broken(`${url}: ${response.message}`, portFix("OTELCOL_HTTP_PORT", context));
  const text = (await response.text()).trim().slice(0, 200);
  if (response.status !== 200)
    return broken(`${url}: ${response.status} ${text}`, responseFix(response.status));
  return fine(`one ${item} accepted at ${url}`);
}

const portFix = (port: PortVariable, { ports }: DoctorContext): string =>
  `its OTLP/HTTP receiver must listen on ${HOST}:${ports[port]} (${port}); npx lab logs otelcol shows why it does not`;

function responseFix(status: number): string {
  if (status === 503 || status === 429)
    return `the collector is at its memory limit or its queue is full: npx lab logs otelcol shows which; ${COLLECTOR_FULL_FIX}`;
  if (status === 404) return "otel-collector.yaml must have a pipeline of this signal with the receiver otlp";
  return "npx lab logs otelcol";
}

async function find(route: Route, context: DoctorContext): Promise<CheckResult> {
  const { item, backend } = route;
  const began = Date.now();
  const result = await waitUntilOk(STORED_MS, async () =>
    (await route.isStored(context, context.id))
      ? fine(`the ${item} is in ${backend} after ${((Date.now() - began) / 1000).toFixed(1)} s`)
      : broken(`${backend} does not have it`, ""),
  );
  return result.state === "ok" ? result : whyNotStored(route, context);
}

/** Locates the item by the collector's own counters. */
async function whyNotStored(route: Route, context: DoctorContext): Promise<CheckResult> {
  const { item, backend, exporter, failed, filtered } = route;
  const page = context.at("OTELCOL_METRICS_PORT", "/metrics");
  const now = await getCounters(page, countsDrops);
  const exporterCounters = await getCounters(page, (labels) => labels.includes(`exporter="${exporter}"`));
  const since = (metric: string) =>
    (now.get(metric) ?? 0) - (context.before("otelcol", countsDrops).get(metric) ?? 0);
  const missing = `the collector accepted the ${item}, but ${backend} does not have it`;
  const waiting = exporterCounters.get("otelcol_exporter_queue_size") ?? 0;
  if (waiting > 0)
    return broken(
      `${missing}: ${waiting} bytes wait in the queue of ${exporter}`,
      `${route.requiredSetting(context)} for the collector; npx lab logs otelcol shows the responses to ${exporter}`,
    );
  if (since(failed) > 0)
    return broken(
      `${missing}: ${backend} has just permanently rejected ${since(failed)} items of the collector`,
      `npx lab logs otelcol shows the response of ${backend}; see “losses” below`,
    );
  if (since(filtered) > 0)
    return broken(
      `${missing}: a filter of the collector has just dropped ${since(filtered)} items`,
      "check the filters in otel-collector.yaml; see “losses” below",
    );
  return broken(
    `${missing}: the collector probably sends it to another address`,
    `${route.requiredSetting(context)} for the collector`,
  );
}
