import { dashboard } from "../dashboard.ts";
import { label, linkTo, serviceLinks } from "../links.ts";
import { serviceGraph } from "../panels/node-graph.ts";
import { bargauge, stat } from "../panels/stat.ts";
import { timeseries } from "../panels/timeseries.ts";
import { durations, failures, GATEWAYS, orZero, quantile, rate, requests, share, sumBy } from "../promql.ts";
import { logMetric, metric } from "../targets.ts";
import { goodAbove, goodBelow } from "../thresholds.ts";
import { completeness } from "./completeness.ts";
import { alertTable, FIRING } from "./firing-alerts.ts";
import { LEVEL_COLOURS } from "./levels.ts";
import { targetsDown } from "./pipeline/summary.ts";

const summary = [
  stat({
    title: "Requests",
    description: "Requests per second that both gateways together have answered, with any status.",
    targets: [metric(sumBy([], requests(GATEWAYS)), "requests")],
    unit: "reqps",
    decimals: 1,
    width: 4,
    height: 4,
    links: [linkTo("service", "The gateways", { service: "gateway&var-service=gateway-rest" })],
  }),
  stat({
    title: "Errors",
    description:
      "Share of the requests to both gateways that were answered with 5xx. 4xx responses are errors of the caller and do not count.",
    targets: [metric(share([], failures(GATEWAYS), requests(GATEWAYS)), "failed")],
    unit: "percentunit",
    decimals: 2,
    steps: goodBelow(0.001, 0.01),
    width: 4,
    height: 4,
    links: [linkTo("slo", "Service level objectives")],
  }),
  stat({
    title: "p99 /a/hello",
    description:
      "99 % of the requests to /a/hello, through either gateway, were answered within this time. The objective is 100 ms.",
    targets: [
      metric(
        quantile(
          0.99,
          [],
          rate("http_server_request_duration_seconds_bucket", `${GATEWAYS}, http_route="/a/hello"`),
        ),
        "p99",
      ),
    ],
    unit: "s",
    steps: goodBelow(0.075, 0.1),
    width: 4,
    height: 4,
    links: [linkTo("traces", "Traces of the gateways", { service: "gateway&var-service=gateway-rest" })],
  }),
  stat({
    title: "Budget left",
    description:
      "The remaining error budget of the objective with the least budget left: 100 % is the whole budget, 0 % none. Below 0 the objective is missed.",
    targets: [metric("min(slo:error_budget_remaining)", "least")],
    unit: "percentunit",
    decimals: 1,
    steps: goodAbove(0, 0.25),
    width: 4,
    height: 4,
    links: [linkTo("slo", "All objectives")],
  }),
  stat({
    title: "Alerts",
    description: "Alerts that are firing now, except Watchdog, which always fires. The list is below.",
    targets: [metric(orZero(`count(ALERTS{${FIRING}})`), "alerts")],
    decimals: 0,
    steps: goodBelow(1),
    width: 4,
    height: 4,
  }),
  targetsDown([linkTo("pipeline", "The targets that are down")]),
];

const objectives = [
  bargauge({
    title: "Error budgets",
    description:
      "The remaining error budget of each objective in its period. A click on a bar shows the burn rates.",
    targets: [
      metric(
        "slo:error_budget_remaining\n* on (slo) group_left (display_name) (slo:objective > bool 0)",
        "{{display_name}}",
      ),
    ],
    unit: "percentunit",
    decimals: 1,
    min: 0,
    max: 1,
    steps: goodAbove(0, 0.25),
    width: 10,
    height: 9,
    links: [linkTo("slo", "This objective", { slo: label("slo") })],
  }),
  alertTable({
    title: "Firing alerts",
    description: "Alerts of Prometheus's rules that are firing now, and since when.",
    width: 14,
    height: 9,
    emptyWhenHealthy: { text: "No alert is firing.", filledBy: ["errors-a", "slow-b", "crash-b"] },
  }),
];

const red = [
  timeseries({
    title: "Rate by service",
    description:
      "Requests per second that each service has answered, over HTTP and gRPC. A request to a gateway also causes one to A or B.",
    targets: [metric(sumBy(["service_name"], requests()), "{{service_name}}")],
    unit: "reqps",
    width: 8,
    height: 9,
    links: serviceLinks,
  }),
  timeseries({
    title: "Errors by service",
    description:
      "Share of each service's requests in which the service itself failed: HTTP 5xx, and the gRPC codes that mean the same.",
    targets: [metric(share(["service_name"], failures(), requests()), "{{service_name}}")],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 9,
    links: serviceLinks,
  }),
  timeseries({
    title: "Duration by service (p95)",
    description:
      "95 % of each service's requests took at most this long. Streams take as long as their caller requested; the Streaming dashboard shows whether they arrive on time.",
    targets: [metric(quantile(0.95, ["service_name"], durations()), "{{service_name}}", { exemplars: true })],
    unit: "s",
    width: 8,
    height: 9,
    links: serviceLinks,
  }),
];

const connections = [
  completeness,
  serviceGraph({
    title: "Service map",
    description:
      "The calls between services, from the traces of the time range: mean duration and calls per second in each ring; the red part of a ring is the calls that failed. When the panel above says that it is incomplete, calls and failures may be missing.",
    width: 12,
    height: 11,
  }),
  timeseries({
    title: "Log lines by level",
    description: "Lines of all services in the time of each bar, by level.",
    from: "loki",
    targets: [logMetric('sum by (level) (count_over_time({service_name=~".+"}[$__auto]))', "{{level}}")],
    unit: "short",
    decimals: 0,
    bars: true,
    maxDataPoints: 90,
    width: 12,
    height: 11,
    overrides: LEVEL_COLOURS,
    links: [linkTo("logs", `Lines of level ${label("level")}`, { level: label("level") })],
  }),
];

export const overview = dashboard({
  name: "overview",
  title: "Overview",
  description:
    "Is everything well, and if not, where? Rate, errors and duration of every service, the state of every objective, the firing alerts, and the service map. Start here.",
  sections: [
    { title: "Summary", panels: summary },
    { title: "Objectives and alerts", panels: objectives },
    { title: "Rate, errors, duration", panels: red },
    { title: "Service map and log lines", panels: connections },
  ],
});
