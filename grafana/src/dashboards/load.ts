import { dashboard } from "../dashboard.ts";
import { emptyWithoutLoadTest } from "../empty-panels.ts";
import { linkTo, serviceLinks } from "../links.ts";
import { timeseries } from "../panels/timeseries.ts";
import { GATEWAYS, nativeQuantile, quantile, rate, requests, series, share, sumBy } from "../promql.ts";
import { metric } from "../targets.ts";

/** The services that a load test reaches. */
const SERVICE = 'service_name=~"gateway.*|service-.*"';
const BY_SERVICE = ["service_name"];
/** k6 labels its metrics with the protocol. */
const BY_PROTOCOL = ["transport"];
const HTTP = "http_server_request_duration_seconds";

const gatewayRate = (part: "bucket" | "count", more = ""): string =>
  rate(`${HTTP}_${part}`, more === "" ? GATEWAYS : `${GATEWAYS}, ${more}`);

const SHED = rate("http_server_requests_shed_total", GATEWAYS);

const client = [
  timeseries({
    title: "Users",
    description: "Users of the load test. Each sends its next request when the previous one is answered.",
    targets: [metric("max by (transport) (k6_vus)", "{{transport}}")],
    unit: "none",
    decimals: 0,
    width: 8,
    height: 10,
    emptyWithoutLoadTest,
  }),
  timeseries({
    title: "Requests by outcome",
    description:
      "Requests per second that k6 finished in the measured time: answered with 200, shed by the gateway (503 with Retry-After), or failed.",
    targets: [
      metric(sumBy(BY_PROTOCOL, rate("k6_requests_succeeded_total")), "{{transport}} successful"),
      metric(sumBy(BY_PROTOCOL, rate("k6_requests_shed_total")), "{{transport}} shed"),
      metric(sumBy(BY_PROTOCOL, rate("k6_requests_failed_total")), "{{transport}} failed"),
    ],
    unit: "reqps",
    width: 8,
    height: 10,
    emptyWithoutLoadTest,
  }),
  timeseries({
    title: "Latency: p50, p95, p99",
    description: "The 50th, 95th and 99th percentile of the latency of successful requests, measured by k6.",
    targets: [
      metric(nativeQuantile(0.5, BY_PROTOCOL, rate("k6_latency_seconds")), "{{transport}} p50"),
      metric(nativeQuantile(0.95, BY_PROTOCOL, rate("k6_latency_seconds")), "{{transport}} p95"),
      metric(nativeQuantile(0.99, BY_PROTOCOL, rate("k6_latency_seconds")), "{{transport}} p99"),
    ],
    unit: "s",
    logarithmic: true,
    width: 8,
    height: 10,
    emptyWithoutLoadTest,
  }),
];

const gateways = [
  timeseries({
    title: "Requests by status",
    description:
      "Requests per second that each gateway has answered. 503 means that it shed the request, or that a service is down.",
    targets: [
      metric(
        `${sumBy(["service_name", "http_response_status_code"], gatewayRate("count"))}\nand\n${sumBy(["service_name", "http_response_status_code"], series(`${HTTP}_count`, GATEWAYS))} > 0`,
        "{{service_name}} {{http_response_status_code}}",
      ),
    ],
    unit: "reqps",
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Duration of successful requests",
    description:
      "Half, 95 % and 99 % of the requests with status 200 took at most this long in the gateway. The dots are exemplars: click one to open its trace.",
    targets: [
      metric(
        quantile(0.5, BY_SERVICE, gatewayRate("bucket", 'http_response_status_code="200"')),
        "{{service_name}} p50",
      ),
      metric(
        quantile(0.95, BY_SERVICE, gatewayRate("bucket", 'http_response_status_code="200"')),
        "{{service_name}} p95",
      ),
      metric(
        quantile(0.99, BY_SERVICE, gatewayRate("bucket", 'http_response_status_code="200"')),
        "{{service_name}} p99",
        { exemplars: true },
      ),
    ],
    unit: "s",
    logarithmic: true,
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Shed requests",
    description:
      "Share of the requests that each gateway shed: it rejected them with 503 and Retry-After, because too many were running and waiting, or because they would have waited too long.",
    targets: [metric(share(BY_SERVICE, SHED, gatewayRate("count")), "{{service_name}}")],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Failed requests",
    description:
      "Share of the requests that failed with 5xx but were not shed: errors, and missed deadlines (504).",
    targets: [
      metric(
        `clamp_min(\n${sumBy(BY_SERVICE, gatewayRate("count", 'http_response_status_code=~"5.."'))}\n-\n${sumBy(BY_SERVICE, SHED)}, 0)\n/\n${sumBy(BY_SERVICE, gatewayRate("count"))}`,
        "{{service_name}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Requests in progress",
    description:
      "Requests that are running or waiting in each gateway, and connections per second that it refused because too many are open. A gateway above its limits sheds requests.",
    targets: [
      metric(
        sumBy(BY_SERVICE, series("http_server_active_requests", GATEWAYS)),
        "{{service_name}} in progress",
      ),
      metric(
        sumBy(BY_SERVICE, rate("http_server_connections_refused_total", GATEWAYS)),
        "{{service_name}} refused connections/s",
      ),
    ],
    unit: "none",
    decimals: 0,
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
];

const cost = [
  timeseries({
    title: "CPU per request",
    description:
      "CPU time of each service, divided by the requests that it has answered, over HTTP and gRPC. Without load it is high, because a process also works while no request runs.",
    targets: [
      metric(
        share(BY_SERVICE, rate("process_cpu_seconds_total", SERVICE), requests(SERVICE)),
        "{{service_name}}",
      ),
    ],
    unit: "s",
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "CPU",
    description: "Processor time used per second: 100 % is one core. JavaScript runs on one core.",
    targets: [metric(sumBy(BY_SERVICE, rate("process_cpu_seconds_total", SERVICE)), "{{service_name}}")],
    unit: "percentunit",
    width: 8,
    height: 10,
    links: [...serviceLinks, linkTo("host", "CPU of the machine")],
  }),
  timeseries({
    title: "Event loop delay",
    description:
      "The 99th percentile of the event loop delay since the last scrape, in the slowest instance. All requests wait during the delay.",
    targets: [
      metric(
        `max by (service_name) (${series("nodejs_eventloop_lag_p99_seconds", SERVICE)})`,
        "{{service_name}}",
      ),
    ],
    unit: "s",
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
];

const telemetry = [
  timeseries({
    title: "Dropped spans and log lines",
    description: "Spans and log lines per second that each service has dropped. Every drop is counted.",
    targets: [
      metric(sumBy(BY_SERVICE, rate("telemetry_spans_dropped_total", SERVICE)), "{{service_name}} spans"),
      metric(
        sumBy(BY_SERVICE, rate("telemetry_log_lines_dropped_total", SERVICE)),
        "{{service_name}} log lines",
      ),
    ],
    unit: "cps",
    width: 12,
    height: 10,
    links: [...serviceLinks, linkTo("pipeline", "Losses in the pipeline")],
  }),
  timeseries({
    title: "Telemetry buffers",
    description:
      "Share of each service's buffers that is in use. When a buffer is full, the newest items are dropped.",
    targets: [
      metric(
        share(
          BY_SERVICE,
          series("telemetry_span_queue_bytes", SERVICE),
          series("telemetry_span_queue_capacity_bytes", SERVICE),
        ),
        "{{service_name}} spans",
      ),
      metric(
        share(
          BY_SERVICE,
          series("telemetry_log_queue_bytes", SERVICE),
          series("telemetry_log_queue_capacity_bytes", SERVICE),
        ),
        "{{service_name}} log lines",
      ),
    ],
    unit: "percentunit",
    max: 1,
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
];

export const load = dashboard({
  name: "load",
  title: "Load",
  description:
    "How much load does the lab carry, and what limits it? The users and requests of a load test (npx lab load), what the gateways answer and shed, and what a request costs.",
  sections: [
    { title: "Load test, measured by k6", panels: client },
    { title: "Gateways", panels: gateways },
    { title: "Cost", panels: cost },
    { title: "Telemetry", panels: telemetry },
  ],
});
