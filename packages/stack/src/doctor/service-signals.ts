import { GATEWAY_NAMES } from "@lgtm-lab/contracts";
import { SCRAPE_INTERVAL_MS } from "@lgtm-lab/contracts/services";
import { targetFile } from "../components/prometheus.ts";
import { HOST } from "../ports.ts";
import {
  allBroken,
  broken,
  type CheckResult,
  type DoctorContext,
  fine,
  type Hop,
  notReady,
  readyHop,
  type Service,
  starting,
  waitUntilOk,
} from "./hop.ts";
import { getCounters, getJson, getText, NANOS_PER_MS, querySeries } from "./http.ts";
import { activeTargets, targetProblems } from "./targets.ts";

const DELIVERY_MS = 5000;

/** Checks that each service serves its metrics page. */
const servicesHop: Hop = {
  name: "services respond",
  check: async ({ services, stateFolder }) => {
    const pages = await Promise.allSettled(services.map(({ address }) => getText(`${address}/metrics`)));
    const problems = pages.flatMap((page, index) => {
      const name = services[index]?.name ?? "";
      if (page.status === "fulfilled") return [];
      return [starting(stateFolder, name) ?? notReady(name, `${name}: ${page.reason.message}`)];
    });
    if (problems.length > 0) return allBroken(problems);
    return fine(services.map(({ name }) => name).join(", "));
  },
};

/** Checks that a request passes through each gateway to each service. */
const probesHop: Hop = {
  name: "requests go through",
  check: async ({ probes }) => {
    const failed = probes.find(({ problem }) => problem);
    if (!failed) return fine(`${probes.length} requests, each response with an x-trace-id`);
    return broken(
      `${failed.url}: ${failed.problem}`,
      failed.crosses.map((name) => `npx lab logs ${name}`).join("; "),
    );
  },
};

/** The transport of one signal from a service, and the metrics about it. */
interface Transport {
  readonly hop: string;
  readonly what: string;
  readonly delivered: string;
  readonly dropped: string;
  readonly queue: string;
  /** The variable with the address, and its required value. */
  readonly requiredSetting: (context: DoctorContext) => string;
  /** The requirement for the variable that can disable the signal of a service. */
  readonly disabledBy: string;
}

/** Checks that each service has delivered something since the probes, and has dropped nothing. */
function transportHop(transport: Transport): Hop {
  return {
    name: transport.hop,
    check: async (context) => {
      const results = await Promise.all(
        context.services.map((service) =>
          waitUntilOk(DELIVERY_MS, () => delivery(transport, service, context)),
        ),
      );
      const problems = results.flatMap((result) => (result.state === "ok" ? [] : result.problems));
      if (problems.length > 0) return allBroken(problems);
      return fine(`every service delivered ${transport.what} since the probes and dropped none`);
    },
  };
}

async function delivery(
  transport: Transport,
  { name, address }: Service,
  context: DoctorContext,
): Promise<CheckResult> {
  const { what, delivered, dropped, queue, disabledBy } = transport;
  const now = await getCounters(`${address}/metrics`);
  const since = (metric: string) => (now.get(metric) ?? 0) - (context.before(name).get(metric) ?? 0);
  const waiting = now.get(queue) ?? 0;
  const fix = `${name} needs ${transport.requiredSetting(context)}; npx lab logs ${name}`;
  if (since(dropped) > 0) return broken(`${name} has just dropped ${since(dropped)} ${what}`, fix);
  if (since(delivered) > 0) return fine(`${since(delivered)}`);
  if (waiting > 0) return broken(`${name} cannot deliver: ${waiting} ${what} wait`, fix);
  return broken(`${name} has created no ${what} for the probes`, `${disabledBy}; npx lab logs ${name}`);
}

const WHY_REJECTED =
  "“losses” below shows the reason and its fix; npx lab logs otelcol and npx lab logs tempo show Tempo's response";
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
      const acceptedCount = since("otelcol_receiver_accepted_spans_total");
      const refusedCount = since("otelcol_receiver_refused_spans_total");
      if (refusedCount > 0)
        return broken(
          `the collector has just refused ${refusedCount} spans: it is at its memory limit, or a queue is full`,
          "npx lab logs otelcol; limits are in otel-collector.yaml (memory_limiter, sending_queue)",
        );
      if (acceptedCount > 0) return fine(`${acceptedCount} spans accepted since the probes, none refused`);
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
      const rejection = {
        cause: `Tempo permanently rejected ${failed} spans since the probes`,
        fix: WHY_REJECTED,
      };
      if (delivered > 0)
        return fine(
          `${delivered} spans sent since the probes, ${waiting} bytes in the queue`,
          failed > 0 ? [rejection] : [],
        );
      if (failed > 0)
        return broken(`Tempo permanently rejected all ${failed} spans since the probes`, WHY_REJECTED);
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

const stored: Hop = {
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
    delivered: "telemetry_spans_exported_total",
    dropped: "telemetry_spans_dropped_total",
    queue: "telemetry_span_queue_size",
    what: "spans",
    requiredSetting: ({ at }) => `OTEL_EXPORTER_OTLP_ENDPOINT=${at("OTELCOL_GRPC_PORT")}`,
    disabledBy: "OTEL_SDK_DISABLED must not be set",
  }),
  accepted,
  readyHop("tempo", "TEMPO_PORT", "/ready"),
  sent,
  stored,
];

/** Prometheus reads its target lists 5 s after it has started, then scrapes every 2 s. */
const DISCOVERY_MS = 10_000;
/** Two scrapes, and some time for the answer. */
const TWO_SCRAPES_MS = 2 * SCRAPE_INTERVAL_MS + 1000;
const REQUESTS = "http_server_request_duration_seconds_count";

const listed: Hop = {
  name: "services are targets",
  check: (context) =>
    waitUntilOk(DISCOVERY_MS, async () => {
      const targets = await activeTargets(context);
      const file = targetFile(context.stateFolder, "services.json");
      for (const { name, serviceName, address } of context.services) {
        const fix = `${file} must list ${new URL(address).host} with service_name ${serviceName}; npx lab down && npx lab up -d writes it again`;
        const targetsOfService = targets.filter(({ labels }) => labels.service_name === serviceName);
        if (targetsOfService.length === 0)
          return allBroken([
            starting(context.stateFolder, name) ?? { cause: `${name} is not a target of Prometheus`, fix },
          ]);
        if (!targetsOfService.some(({ scrapeUrl }) => scrapeUrl === `${address}/metrics`))
          return broken(`Prometheus scrapes ${name} at ${targetsOfService[0]?.scrapeUrl}`, fix);
      }
      return fine(`${context.services.length} of ${targets.length} targets`);
    }),
};

const scraped: Hop = {
  name: "Prometheus scrapes services",
  check: (context) =>
    waitUntilOk(TWO_SCRAPES_MS, async () => {
      const serviceUrls = new Set(context.services.map(({ address }) => `${address}/metrics`));
      const problems = await targetProblems(context, ({ scrapeUrl }) => serviceUrls.has(scrapeUrl));
      return problems.length > 0 ? allBroken(problems) : fine("every service is up");
    }),
};

const counted: Hop = {
  name: "requests are counted",
  check: async (context) => {
    const { services } = context;
    const gateways = services.filter(({ name }) => GATEWAY_NAMES.some((gateway) => gateway === name));
    const gatewayCounts = await Promise.all(
      gateways.map(async ({ name, address }) => ({
        name,
        count: (await getCounters(`${address}/metrics`)).get(REQUESTS) ?? 0,
      })),
    );
    return await waitUntilOk(TWO_SCRAPES_MS, async () => {
      const series = await querySeries(context, `sum by (service_name) (${REQUESTS})`);
      const prometheusCounts = new Map(
        series.map(({ metric, values }) => [metric.service_name ?? "", values[0] ?? 0]),
      );
      const stale = gatewayCounts.find(({ name, count }) => (prometheusCounts.get(name) ?? 0) < count);
      if (!stale)
        return fine(gatewayCounts.map(({ name }) => `${name} ${prometheusCounts.get(name)}`).join(", "));
      return broken(
        `Prometheus has counted ${prometheusCounts.get(stale.name) ?? "no"} requests of ${stale.name}, but ${stale.name} itself counts ${stale.count}`,
        "npx lab logs prometheus shows whether it rejects samples; otherwise check its clock and __scrape_interval__",
      );
    });
  },
};

/** service → Prometheus. */
export const metrics: readonly Hop[] = [
  servicesHop,
  readyHop("prometheus", "PROMETHEUS_PORT", "/-/ready"),
  listed,
  scraped,
  counted,
];

const LOKI_MS = 5000;
const WINDOW_MS = 300_000;

interface LokiResponse {
  readonly data: { readonly result: readonly { readonly stream: Readonly<Record<string, string>> }[] };
}

const pushed: Hop = {
  name: "log lines are in Loki",
  check: ({ at, probes }) =>
    waitUntilOk(LOKI_MS, async () => {
      for (const { traceId, crosses, url } of probes) {
        const query = new URLSearchParams({
          query: `{service_name=~".+"} | trace_id="${traceId}"`,
          start: String(BigInt(Date.now() - WINDOW_MS) * NANOS_PER_MS),
        });
        const { data } = await getJson<LokiResponse>(at("LOKI_PORT", `/loki/api/v1/query_range?${query}`));
        const names = data.result.map(({ stream }) => stream.service_name);
        const missing = crosses.find((name) => !names.includes(name));
        if (missing)
          return broken(
            `Loki has no line of ${missing} with trace_id ${traceId} (${url})`,
            `npx lab logs ${missing}: LOG_LEVEL must include \`info\``,
          );
      }
      return fine(`${probes.length} requests by trace_id, each with lines of every service that it crossed`);
    }),
};

/** service → transport in its worker → Loki. */
export const logs: readonly Hop[] = [
  servicesHop,
  probesHop,
  readyHop("loki", "LOKI_PORT", "/ready"),
  transportHop({
    hop: "services → Loki",
    delivered: "telemetry_log_lines_pushed_total",
    dropped: "telemetry_log_lines_dropped_total",
    queue: "telemetry_log_queue_size",
    what: "log lines",
    requiredSetting: ({ at }) =>
      `LOKI_URL=${at("LOKI_PORT")}, and a Loki that accepts them (npx lab logs loki)`,
    disabledBy: "LOG_LEVEL must include `info`",
  }),
  pushed,
];
