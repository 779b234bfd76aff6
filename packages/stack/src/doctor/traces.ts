import { HOST } from "../ports.ts";
import { probesHop, readyHop, servicesHop, transportHop } from "./common-hops.ts";
import { broken, fine, type Hop, waitUntilOk } from "./hop.ts";
import { getCounters, getJson } from "./http.ts";

const WHY_REFUSED =
  "“losses” below has the reason and its fix; npx lab logs otelcol and npx lab logs tempo show the answer";
const COLLECTOR_MS = 5000;
const TEMPO_MS = 5000;
const EXPORTER = 'exporter="otlp_grpc/tempo"';
const isByGrpc = (labels: string): boolean => labels.includes('transport="grpc"');

const accepted: Hop = {
  name: "collector accepts",
  check: ({ at, before }) =>
    waitUntilOk(COLLECTOR_MS, async () => {
      // Without spans that arrived by OTLP/HTTP, because the doctor sends a separate one there.
      const now = await getCounters(at("OTELCOL_METRICS_PORT", "/metrics"), isByGrpc);
      const earlier = before("otelcol", isByGrpc);
      const since = (metric: string) => (now.get(metric) ?? 0) - (earlier.get(metric) ?? 0);
      const taken = since("otelcol_receiver_accepted_spans_total");
      const refused = since("otelcol_receiver_refused_spans_total");
      if (refused > 0)
        return broken(
          `the collector has just refused ${refused} spans: its memory limit or a queue is full`,
          "npx lab logs otelcol; limits are in otel-collector.yaml (memory_limiter, sending_queue)",
        );
      if (taken > 0) return fine(`${taken} spans accepted since the probes, none refused`);
      return broken(
        "the collector has accepted no span since the probes",
        `OTEL_EXPORTER_OTLP_ENDPOINT of the services must be ${at("OTELCOL_GRPC_PORT")}`,
      );
    }),
};

const sent: Hop = {
  name: "collector → Tempo",
  check: ({ at, before, ports }) =>
    waitUntilOk(COLLECTOR_MS, async () => {
      const now = await getCounters(at("OTELCOL_METRICS_PORT", "/metrics"));
      const queue = await getCounters(at("OTELCOL_METRICS_PORT", "/metrics"), (labels) =>
        labels.includes(EXPORTER),
      );
      const since = (metric: string) => (now.get(metric) ?? 0) - (before("otelcol").get(metric) ?? 0);
      const delivered = since("otelcol_exporter_sent_spans_total");
      const failed = since("otelcol_exporter_send_failed_spans_total");
      const waiting = queue.get("otelcol_exporter_queue_size") ?? 0;
      const refused = {
        cause: `Tempo permanently rejected ${failed} spans since the probes`,
        fix: WHY_REFUSED,
      };
      if (delivered > 0)
        return fine(
          `${delivered} spans sent since the probes, ${waiting} bytes in the queue`,
          failed > 0 ? [refused] : [],
        );
      if (failed > 0)
        return broken(`Tempo permanently rejected all ${failed} spans since the probes`, WHY_REFUSED);
      return broken(
        `the collector sent no spans since the probes; ${waiting} bytes wait in its queue`,
        `TEMPO_OTLP_ENDPOINT of the collector must be ${HOST}:${ports.TEMPO_OTLP_PORT} (otel-collector.yaml, exporters); npx lab logs otelcol`,
      );
    }),
};

interface TempoTrace {
  readonly batches?: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
  }[];
}

const found: Hop = {
  name: "traces are in Tempo",
  check: ({ at, probes }) =>
    waitUntilOk(TEMPO_MS, async () => {
      for (const { traceId, crosses, url } of probes) {
        const trace = await getJson<TempoTrace>(at("TEMPO_PORT", `/api/traces/${traceId}`));
        const names = (trace.batches ?? []).flatMap(({ resource }) =>
          resource.attributes
            .filter(({ key }) => key === "service.name")
            .map(({ value }) => value.stringValue),
        );
        const missing = crosses.find((name) => !names.includes(name));
        if (missing)
          return broken(`trace ${traceId} of ${url} has no span of ${missing}`, `npx lab logs ${missing}`);
      }
      return fine(`${probes.length} traces by id, each with the spans of every service it crossed`);
    }),
};

/** service → exporter → collector → Tempo. */
export const traces: readonly Hop[] = [
  servicesHop,
  probesHop,
  readyHop("otelcol", "OTELCOL_HEALTH_PORT", "/"),
  transportHop({
    hop: "services → collector",
    delivered: "lab_telemetry_spans_exported_total",
    dropped: "lab_telemetry_spans_dropped_total",
    queue: "lab_telemetry_span_queue_size",
    what: "spans",
    address: ({ at }) => `OTEL_EXPORTER_OTLP_ENDPOINT=${at("OTELCOL_GRPC_PORT")}`,
    silence: "OTEL_SDK_DISABLED must not be set",
  }),
  accepted,
  readyHop("tempo", "TEMPO_PORT", "/ready"),
  sent,
  found,
];
