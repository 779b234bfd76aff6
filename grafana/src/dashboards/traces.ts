import { dashboard } from "../dashboard.ts";
import { label, linkTo, serviceLinks } from "../links.ts";
import { serviceGraph } from "../panels/node-graph.ts";
import { traceTable } from "../panels/table.ts";
import { timeseries } from "../panels/timeseries.ts";
import { quantile, rate, shareOfRare, sumBy } from "../promql.ts";
import { metric } from "../targets.ts";
import { metricLabel } from "../variables.ts";
import { completeness } from "./completeness.ts";
import { LATEST_LIMIT, LATEST_TIME, latest, slow, slowAndFailed } from "./trace-tables.ts";
import { tracesOf } from "./traceql.ts";

const service = metricLabel(
  { name: "service", label: "Service", description: "Traces that cross this service: one, several, or all." },
  "traces_spanmetrics_calls_total",
  "service_name",
);

const SPANS = 'service_name=~"$service"';
const BY_SPAN = ["service_name", "span_kind", "span_name"];
const SPAN_LEGEND = "{{service_name}} {{span_name}} {{span_kind}}";

const tables = [
  traceTable({
    title: "Latest traces",
    description: `Traces that cross the service, newest first. The time range is beside the title; it is shorter for a busier service. If more than ${LATEST_LIMIT} traces begin in it, Tempo returns an arbitrary ${LATEST_LIMIT} of them. A trace is found about four seconds after its end. A click on a trace id opens the trace.`,
    query: tracesOf("$service"),
    limit: LATEST_LIMIT,
    timeFrom: LATEST_TIME,
    width: 24,
    height: 9,
  }),
  ...slowAndFailed,
];

const spanMetrics = [
  completeness,
  timeseries({
    title: "Span rate",
    description: "Spans per second by name and kind, counted by Tempo.",
    targets: [metric(sumBy(BY_SPAN, rate("traces_spanmetrics_calls_total", SPANS)), SPAN_LEGEND)],
    unit: "cps",
    width: 8,
    height: 11,
    links: serviceLinks,
  }),
  timeseries({
    title: "Failed spans",
    description:
      "Share of the spans of each name and kind that failed. Tempo creates the series of failures with the first failure; before that the share is shown as 0. At Tempo's series limit, spans without a failure series show no value, because their failures may be missing.",
    targets: [
      metric(
        shareOfRare(
          BY_SPAN,
          rate("traces_spanmetrics_calls_total", `${SPANS}, status_code="STATUS_CODE_ERROR"`),
          rate("traces_spanmetrics_calls_total", SPANS),
        ),
        SPAN_LEGEND,
      ),
    ],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 11,
    links: serviceLinks,
  }),
  timeseries({
    title: "Duration of spans (p95)",
    description:
      "95 % of the spans of each name and kind took at most this long. The dots are exemplars: click one to open its trace.",
    targets: [
      metric(quantile(0.95, BY_SPAN, rate("traces_spanmetrics_latency_bucket", SPANS)), SPAN_LEGEND, {
        exemplars: true,
      }),
    ],
    unit: "s",
    width: 8,
    height: 11,
    links: serviceLinks,
  }),
];

const BY_CALL = ["client", "server"];
const CALL_LEGEND = "{{client}} → {{server}}";
const serverLinks = [
  linkTo("service", `Service: ${label("server")}`, { service: label("server") }),
  linkTo("traces", `Traces of ${label("server")}`, { service: label("server") }),
];

const calls = [
  serviceGraph({
    title: "Service map",
    description:
      "The calls between services: mean duration and calls per second in each ring; the red part of a ring is the calls that failed. When span metrics are incomplete (first panel of Spans), calls and failures may be missing here.",
    width: 24,
    height: 12,
  }),
  timeseries({
    title: "Calls between services",
    description: "Calls per second from one service to another. `user` is every caller outside the lab.",
    targets: [metric(sumBy(BY_CALL, rate("traces_service_graph_request_total")), CALL_LEGEND)],
    unit: "reqps",
    width: 8,
    height: 10,
    links: serverLinks,
  }),
  timeseries({
    title: "Failed calls between services",
    description:
      "Share of the calls from one service to another that failed. Tempo creates the series of failures with the first failure; before that the share is shown as 0. At Tempo's series limit, calls without a failure series show no value, because their failures may be missing.",
    targets: [
      metric(
        shareOfRare(
          BY_CALL,
          rate("traces_service_graph_request_failed_total"),
          rate("traces_service_graph_request_total"),
        ),
        CALL_LEGEND,
      ),
    ],
    unit: "percentunit",
    max: 1,
    width: 8,
    height: 10,
    links: serverLinks,
  }),
  timeseries({
    title: "Duration of calls (p95)",
    description: "95 % of the calls took at most this long, measured by the called service.",
    targets: [
      metric(
        quantile(0.95, BY_CALL, rate("traces_service_graph_request_server_seconds_bucket")),
        CALL_LEGEND,
      ),
    ],
    unit: "s",
    width: 8,
    height: 10,
    links: serverLinks,
  }),
];

export const tracesDashboard = dashboard({
  name: "traces",
  title: "Traces",
  description:
    "Where does the time go? The latest, slow and failed traces, the metrics that Tempo generates from spans, and the service map.",
  variables: [service, latest(`traces_spanmetrics_calls_total{${SPANS}}`), slow],
  sections: [
    { title: "Traces", panels: tables },
    { title: "Spans", panels: spanMetrics },
    { title: "Calls", panels: calls },
  ],
});
