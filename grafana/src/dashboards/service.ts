import { dashboard } from "../dashboard.ts";
import { label, linkTo } from "../links.ts";
import { READABLE_LINE } from "../logql.ts";
import { heatmap } from "../panels/heatmap.ts";
import { logs } from "../panels/logs.ts";
import { timeseries } from "../panels/timeseries.ts";
import {
  durationCounts,
  durations,
  failures,
  quantile,
  ROUTE_AND_STATUS,
  rate,
  requests,
  requestsByStatus,
  series,
  share,
  sumBy,
} from "../promql.ts";
import { logLines, metric } from "../targets.ts";
import { metricLabel } from "../variables.ts";
import { slow, slowAndFailed } from "./trace-tables.ts";

const SERVICE = 'service_name=~"$service"';
const BY_SERVICE = ["service_name"];

// Without the console, which observes the lab and is not part of it: its log lines and spans are not exported.
const service = metricLabel(
  { name: "service", label: "Service", description: "One service, several, or all of them." },
  'http_server_request_duration_seconds_count{service_name!="console"}',
  "service_name",
);

const serviceVariable = { service: label("service_name") };
const traceAndLogLinks = [
  linkTo("traces", `Traces of ${serviceVariable.service}`, serviceVariable),
  linkTo("logs", `Logs of ${serviceVariable.service}`, serviceVariable),
];

const red = [
  timeseries({
    title: "Rate by route and status",
    description:
      "Requests per second that the service has answered, over HTTP (route and status) and gRPC (method and code). Statuses that have never occurred are left out.",
    targets: [
      metric(
        requestsByStatus(SERVICE),
        ["service_name", ...ROUTE_AND_STATUS].map((name) => `{{${name}}}`).join(" "),
      ),
    ],
    unit: "reqps",
    width: 12,
    height: 10,
    links: traceAndLogLinks,
  }),
  timeseries({
    title: "Errors",
    description:
      "Share of the requests in which the service failed: HTTP 5xx, and the gRPC codes that mean the same. 4xx are errors of the caller.",
    targets: [metric(share(BY_SERVICE, failures(SERVICE), requests(SERVICE)), "{{service_name}}")],
    unit: "percentunit",
    max: 1,
    steps: ["transparent", [0.001, "orange"], [0.01, "red"]],
    width: 12,
    height: 10,
    links: [...traceAndLogLinks, linkTo("slo", "Service level objectives")],
  }),
  timeseries({
    title: "Duration: p50, p95, p99",
    description:
      "Half, 95 % and 99 % of the requests took at most this long. The dots are exemplars: click one to open its trace. A stream takes as long as its caller requested.",
    targets: [
      metric(quantile(0.5, BY_SERVICE, durations(SERVICE)), "{{service_name}} p50"),
      metric(quantile(0.95, BY_SERVICE, durations(SERVICE)), "{{service_name}} p95"),
      metric(quantile(0.99, BY_SERVICE, durations(SERVICE)), "{{service_name}} p99", { exemplars: true }),
    ],
    unit: "s",
    width: 12,
    height: 11,
    links: traceAndLogLinks,
  }),
  heatmap({
    title: "Duration histogram",
    description:
      "The darker a cell, the more requests took that long. Two bands are two kinds of requests, which quantiles would not show. The dots are exemplars: click one to open its trace.",
    targets: [
      metric(sumBy(["le"], durationCounts(SERVICE)), "{{le}}", { exemplars: true, format: "heatmap" }),
    ],
    unit: "s",
    width: 12,
    height: 11,
  }),
];

const resources = [
  timeseries({
    title: "CPU",
    description: "Processor time used per second: 100 % is one core. JavaScript runs on one core.",
    targets: [metric(sumBy(BY_SERVICE, rate("process_cpu_seconds_total", SERVICE)), "{{service_name}}")],
    unit: "percentunit",
    width: 8,
    height: 9,
  }),
  timeseries({
    title: "Memory",
    description: "The resident memory of the process, and the used part of its heap.",
    targets: [
      metric(
        sumBy(BY_SERVICE, series("process_resident_memory_bytes", SERVICE)),
        "{{service_name}} resident",
      ),
      metric(
        sumBy(BY_SERVICE, series("nodejs_heap_size_used_bytes", SERVICE)),
        "{{service_name}} heap in use",
      ),
    ],
    unit: "bytes",
    width: 8,
    height: 9,
  }),
  timeseries({
    title: "Requests in progress",
    description:
      "HTTP requests that are in progress now. If their number grows, requests arrive faster than they are answered.",
    targets: [metric(sumBy(BY_SERVICE, series("http_server_active_requests", SERVICE)), "{{service_name}}")],
    unit: "short",
    decimals: 0,
    width: 8,
    height: 9,
  }),
  timeseries({
    title: "Event loop delay",
    description:
      "The delay of timers in Node's event loop since the last scrape: the mean and the 99th percentile, of the worst instance. A delay affects every request.",
    targets: [
      metric(
        `max by (service_name) (${series("nodejs_eventloop_lag_p99_seconds", SERVICE)})`,
        "{{service_name}} p99",
      ),
      metric(
        `max by (service_name) (${series("nodejs_eventloop_lag_mean_seconds", SERVICE)})`,
        "{{service_name}} mean",
      ),
    ],
    unit: "s",
    width: 12,
    height: 9,
  }),
  timeseries({
    title: "Garbage collection",
    description: "Share of time that the process spends on garbage collection, by kind.",
    targets: [
      metric(
        sumBy(["service_name", "kind"], rate("nodejs_gc_duration_seconds_sum", SERVICE)),
        "{{service_name}} {{kind}}",
      ),
    ],
    unit: "percentunit",
    width: 12,
    height: 9,
  }),
];

const tracesAndLogs = [
  ...slowAndFailed,
  logs({
    title: "Log lines",
    description: "The newest lines of this service. A line of a request links to its trace.",
    targets: [logLines(`{${SERVICE}}\n${READABLE_LINE}`, 100)],
    width: 24,
    height: 12,
  }),
];

export const serviceDashboard = dashboard({
  name: "service",
  title: "Service",
  description:
    "How well does one service work, and why? Rate, errors and duration of its requests, its resources, and the traces and log lines that explain them.",
  variables: [service, slow],
  sections: [
    { title: "Rate, errors, duration", panels: red },
    { title: "Resources", panels: resources },
    { title: "Traces and logs", panels: tracesAndLogs },
  ],
});
