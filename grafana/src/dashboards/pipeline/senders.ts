import { serviceLinks } from "../../links.ts";
import { timeseries } from "../../panels/timeseries.ts";
import {
  INTERVAL,
  lostRecords,
  newOrIncreased,
  orZero,
  rate,
  sumBy,
  totalIncrease,
  union,
} from "../../promql.ts";
import { metric } from "../../targets.ts";

const BY_SERVICE = ["service_name"];
const NAME = "{{service_name}}";

export const senders = [
  timeseries({
    title: "Spans",
    description: "Spans per second that each service delivered to the collector, and those that it dropped.",
    targets: [
      metric(sumBy(BY_SERVICE, rate("telemetry_spans_exported_total")), NAME),
      metric(sumBy(BY_SERVICE, rate("telemetry_spans_dropped_total")), `${NAME} dropped`),
    ],
    unit: "cps",
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Log lines",
    description: "Lines per second that each service delivered to Loki, and those that it dropped.",
    targets: [
      metric(sumBy(BY_SERVICE, rate("telemetry_log_lines_pushed_total")), NAME),
      metric(sumBy(BY_SERVICE, rate("telemetry_log_lines_dropped_total")), `${NAME} dropped`),
    ],
    unit: "cps",
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Buffers by service",
    description:
      "Spans and log lines in the services' buffers. The buffers fill while the collector or Loki is down.",
    targets: [
      metric(sumBy(BY_SERVICE, "telemetry_span_queue_size"), `${NAME} spans`),
      metric(sumBy(BY_SERVICE, "telemetry_log_queue_size"), `${NAME} log lines`),
    ],
    unit: "short",
    decimals: 0,
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
];

/** The collector has one counter for each signal, which exists only after a sender has sent this signal. */
const SIGNALS = { spans: "spans", metric_points: "metric points", log_records: "log records" };

const perSignal = (expression: (signal: string) => string, legend = "") =>
  Object.entries(SIGNALS).map(([signal, name]) => metric(expression(signal), `${name}${legend}`)) as [
    ReturnType<typeof metric>,
    ...ReturnType<typeof metric>[],
  ];

/** Requests that the collector rejected permanently, 0 while there are none. After 429 and 503 senders retry. */
const rejectedRequests = [
  totalIncrease(
    "otelcol_receiver_http_request_duration_seconds_count",
    INTERVAL,
    'http_request_method="POST", http_response_status_code=~"4..|500", http_response_status_code!="429"',
  ),
  totalIncrease(
    "otelcol_receiver_grpc_call_duration_seconds_count",
    INTERVAL,
    'rpc_response_status_code=~"INTERNAL|INVALID_ARGUMENT|RESOURCE_EXHAUSTED|UNIMPLEMENTED"',
  ),
].join("\n+ ");

export const collector = [
  timeseries({
    title: "Accepted",
    description: "Items per second that the collector has accepted. The lab's services send it spans only.",
    targets: perSignal((signal) => orZero(`sum(${rate(`otelcol_receiver_accepted_${signal}_total`)})`)),
    unit: "cps",
    width: 6,
    height: 10,
  }),
  timeseries({
    title: "Exported",
    description: "Items per second that Tempo, Prometheus and Loki have accepted from the collector.",
    targets: perSignal((signal) => orZero(`sum(${rate(`otelcol_exporter_sent_${signal}_total`)})`)),
    unit: "cps",
    width: 6,
    height: 10,
  }),
  timeseries({
    title: "Refused or lost",
    description:
      "Per interval. Refused: the collector is at its memory limit or a queue is full, and senders retry. Dropped: invalid items, by filter. Rejected by a backend: these items are lost. Invalid requests: the collector rejected them, so their data is lost.",
    targets: [
      ...perSignal(
        (signal) => totalIncrease(`otelcol_receiver_refused_${signal}_total`, INTERVAL),
        " refused",
      ),
      metric(
        sumBy(
          ["filter"],
          union(
            ...["spans", "datapoints", "logs"].map((signal) =>
              newOrIncreased(`otelcol_processor_filter_${signal}_filtered_total`, INTERVAL),
            ),
          ),
        ),
        "dropped {{filter}}",
      ),
      ...perSignal(
        (signal) =>
          signal === "log_records"
            ? lostRecords(INTERVAL)
            : totalIncrease(`otelcol_exporter_send_failed_${signal}_total`, INTERVAL),
        " rejected by a backend",
      ),
      metric(rejectedRequests, "invalid requests"),
    ],
    unit: "short",
    decimals: 0,
    width: 6,
    height: 10,
  }),
  timeseries({
    title: "Queues on disk",
    description:
      "The fill level of each queue. A queue fills while its backend is down, and survives a crash of the collector. When it is full, the collector refuses data.",
    targets: [
      metric(
        "otelcol_exporter_queue_size / on (instance, exporter, data_type) otelcol_exporter_queue_capacity",
        "{{exporter}} {{data_type}}",
      ),
    ],
    unit: "percentunit",
    steps: ["green", [0.8, "red"]],
    stepLines: true,
    width: 6,
    height: 10,
  }),
];
