import { dashboard } from "../dashboard.ts";
import { serviceLinks } from "../links.ts";
import { heatmap } from "../panels/heatmap.ts";
import { traceTable } from "../panels/table.ts";
import { timeseries } from "../panels/timeseries.ts";
import { increase, mean, quantile, rate, series, share, sumBy, union } from "../promql.ts";
import { metric } from "../targets.ts";
import { LATEST_LIMIT, LATEST_TIME, latest } from "./trace-tables.ts";

const BY_SERVICE = ["service_name"];

/** The late streams. Their limit is a bucket boundary, so that they can be counted exactly. */
const BOUND = 0.15;

/**
 * Returns a metric of streams over both protocols: gRPC at the server and at the client, and event streams (whose series
 * exist after the first request for one).
 */
const streams = (how: typeof rate, part: string): string =>
  union(
    how(`rpc_server_stream_${part}`),
    how(`rpc_client_stream_${part}`),
    how(`http_server_stream_${part}`),
  );

/** Completed streams. The histogram exists in every service; only services with streams have observations. */
const EVER = `${sumBy(BY_SERVICE, series("lab_stream_excess_seconds_count"))} > 0`;
const streamDelay = (q: number) =>
  `${quantile(q, BY_SERVICE, rate("lab_stream_excess_seconds_bucket"))}\nand\n${EVER}`;

const pace = [
  timeseries({
    title: "Streams",
    description:
      "Streams per second that were completed or reached their deadline, at the server and at the client.",
    targets: [
      metric(
        `${sumBy(BY_SERVICE, rate("lab_stream_excess_seconds_count"))}\nand\n${EVER}`,
        "{{service_name}}",
      ),
    ],
    unit: "reqps",
    width: 8,
    height: 9,
    links: serviceLinks,
  }),
  timeseries({
    title: "Late streams",
    description: "Share of the streams with a delay of more than 150 ms. The objective allows 1 %.",
    targets: [
      metric(
        `1 - (\n${share(
          BY_SERVICE,
          rate("lab_stream_excess_seconds_bucket", `le="${BOUND}"`),
          rate("lab_stream_excess_seconds_count"),
        )}\n)\nand\n${EVER}`,
        "{{service_name}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    steps: ["green", [0.01, "red"]],
    stepLines: true,
    width: 8,
    height: 9,
    links: serviceLinks,
  }),
  timeseries({
    title: "Stream delay: p50, p99",
    description:
      "The delay of a stream is the time that it took beyond the requested (count − 1) · delay_ms. The dashed line is the limit of the objective, 150 ms. The dots are exemplars: click one to open its trace.",
    targets: [
      metric(streamDelay(0.5), "{{service_name}} p50"),
      metric(streamDelay(0.99), "{{service_name}} p99", { exemplars: true }),
    ],
    unit: "s",
    steps: ["green", [BOUND, "red"]],
    stepLines: true,
    width: 8,
    height: 9,
    links: serviceLinks,
  }),
  heatmap({
    title: "Stream delay histogram",
    description:
      "The darker a cell, the more streams had that delay. The dots are exemplars: click one to open its trace.",
    targets: [
      metric(sumBy(["le"], increase("lab_stream_excess_seconds_bucket")), "{{le}}", {
        exemplars: true,
        format: "heatmap",
      }),
    ],
    unit: "s",
    width: 12,
    height: 10,
  }),
  traceTable({
    title: "Latest streams",
    description:
      "Traces of /b/numbers through either gateway, newest first. The time range is beside the title; it is shorter when there are more streams. A stream should take little longer than its caller requested.",
    query: '{ span.http.route = "/b/numbers" && kind = server }',
    limit: LATEST_LIMIT,
    timeFrom: LATEST_TIME,
    width: 12,
    height: 10,
  }),
];

const messages = [
  timeseries({
    title: "Time to first message: p50, p95, p99",
    description:
      "From the start of a stream to its first message, measured at the server and at the client. The dots are exemplars: click one to open its trace.",
    targets: [
      metric(
        quantile(0.5, BY_SERVICE, streams(rate, "time_to_first_message_seconds_bucket")),
        "{{service_name}} p50",
      ),
      metric(
        quantile(0.95, BY_SERVICE, streams(rate, "time_to_first_message_seconds_bucket")),
        "{{service_name}} p95",
      ),
      metric(
        quantile(0.99, BY_SERVICE, streams(rate, "time_to_first_message_seconds_bucket")),
        "{{service_name}} p99",
        { exemplars: true },
      ),
    ],
    unit: "s",
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Messages per stream",
    description: "Mean number of messages in a stream, and the 95th percentile.",
    targets: [
      metric(
        mean(BY_SERVICE, streams(rate, "messages_sum"), streams(rate, "messages_count")),
        "{{service_name}} mean",
      ),
      metric(quantile(0.95, BY_SERVICE, streams(rate, "messages_bucket")), "{{service_name}} p95"),
    ],
    unit: "short",
    decimals: 1,
    width: 6,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Messages",
    description: "Messages per second, sent and received.",
    targets: [metric(sumBy(BY_SERVICE, streams(rate, "messages_sum")), "{{service_name}}")],
    unit: "cps",
    width: 6,
    height: 10,
    links: serviceLinks,
  }),
];

const ends = [
  timeseries({
    title: "Cancellations",
    description:
      "Streams per second that the caller cancelled. This is not an error. The cancellation must reach service B, so that B stops.",
    targets: [metric(sumBy(BY_SERVICE, streams(rate, "cancellations_total")), "{{service_name}}")],
    unit: "reqps",
    width: 12,
    height: 9,
    links: serviceLinks,
  }),
  timeseries({
    title: "Broken streams",
    description: "Streams per second that failed after their first message.",
    targets: [metric(sumBy(BY_SERVICE, streams(rate, "errors_total")), "{{service_name}}")],
    unit: "reqps",
    width: 12,
    height: 9,
    links: serviceLinks,
  }),
];

export const streaming = dashboard({
  name: "streaming",
  title: "Streaming",
  description:
    "Do the streams arrive on time? Service B's streams: time to the first message, number of messages, delay, and how they end.",
  variables: [latest('http_server_request_duration_seconds_count{http_route="/b/numbers"}')],
  sections: [
    { title: "Pace", panels: pace },
    { title: "Messages", panels: messages },
    { title: "Stream ends", panels: ends },
  ],
});
