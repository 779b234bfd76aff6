import { timeseries } from "../../panels/timeseries.ts";
import {
  INTERVAL,
  newOrIncreased,
  orZero,
  quantile,
  rate,
  seriesLimited,
  sumBy,
  totalIncrease,
} from "../../promql.ts";
import { metric } from "../../targets.ts";

export const tempo = [
  timeseries({
    title: "Spans received",
    description: "Spans per second that Tempo has received, and spans from which it generated metrics.",
    targets: [
      metric(sumBy([], rate("tempo_distributor_spans_received_total")), "received"),
      metric(sumBy([], rate("tempo_metrics_generator_spans_received_total")), "used for metrics"),
    ],
    unit: "cps",
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Spans rejected",
    description:
      "Per interval: spans that Tempo rejected (they are lost), spans that arrived too late for its metrics, and spans whose series Tempo did not create because its series limit is reached.",
    targets: [
      metric(
        orZero(sumBy(["reason"], newOrIncreased("tempo_discarded_spans_total", INTERVAL))),
        "rejected {{reason}}",
      ),
      metric(
        orZero(sumBy(["reason"], newOrIncreased("tempo_metrics_generator_spans_discarded_total", INTERVAL))),
        "not in metrics: {{reason}}",
      ),
      metric(seriesLimited(INTERVAL), "over the series limit"),
    ],
    unit: "short",
    decimals: 0,
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Series of span metrics",
    description:
      "Series of span metrics and service map, as a share of metrics_generator_max_active_series. At 100 % Tempo creates no new ones.",
    targets: [
      metric(
        "sum(tempo_metrics_generator_registry_active_series) / sum(tempo_metrics_generator_registry_max_active_series)",
        "in use",
      ),
    ],
    unit: "percentunit",
    steps: ["green", [0.8, "red"]],
    stepLines: true,
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Age of span metrics",
    description: "Seconds since the newest sample that Tempo has written to Prometheus.",
    targets: [
      metric(
        'time() - max(prometheus_remote_storage_queue_highest_sent_timestamp_seconds{service_name="tempo"})',
        "age",
      ),
    ],
    unit: "s",
    width: 6,
    height: 9,
  }),
];

export const loki = [
  timeseries({
    title: "Lines received",
    description: "Log lines per second that Loki has received.",
    targets: [metric(sumBy([], rate("loki_distributor_lines_received_total")), "lines")],
    unit: "cps",
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Bytes received",
    description:
      "Bytes per second of log lines that Loki has received. Above 16 MB/s it refuses more (429), and senders retry.",
    targets: [metric(sumBy([], rate("loki_distributor_bytes_received_total")), "bytes")],
    unit: "Bps",
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Lines discarded",
    description:
      "Per interval: log lines that Loki discarded, by reason. With rate_limited, per_stream_rate_limit and stream_limit Loki refuses them, and senders retry. With other reasons Loki rejects them, and they are lost.",
    targets: [
      metric(
        orZero(sumBy(["reason"], newOrIncreased("loki_discarded_samples_total", INTERVAL))),
        "discarded {{reason}}",
      ),
    ],
    unit: "short",
    decimals: 0,
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Push duration (p99)",
    description: "99 % of the pushes to Loki were answered, and their lines on disk, within this time.",
    targets: [
      metric(
        quantile(
          0.99,
          ["route"],
          rate("loki_request_duration_seconds_bucket", 'route=~"loki_api_v1_push|otlp_v1_logs"'),
        ),
        "{{route}}",
      ),
    ],
    unit: "s",
    width: 6,
    height: 9,
  }),
];

export const prometheus = [
  timeseries({
    title: "Samples stored",
    description:
      "Samples per second that Prometheus has stored: scraped, written by Tempo, and recorded by rules.",
    targets: [
      metric(sumBy([], rate("prometheus_tsdb_head_samples_appended_total")), "samples"),
      metric(sumBy([], rate("prometheus_tsdb_exemplar_exemplars_appended_total")), "exemplars"),
    ],
    unit: "cps",
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Series",
    description: "Series that Prometheus keeps in memory. Each costs a few kilobytes.",
    targets: [metric("sum(prometheus_tsdb_head_series)", "series")],
    unit: "short",
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Failures",
    description:
      "Per interval: samples that were not stored, rules that were not evaluated, and notifications that were not delivered.",
    targets: [
      metric(totalIncrease("prometheus_tsdb_too_old_samples_total", INTERVAL), "samples too old"),
      metric(
        totalIncrease("prometheus_remote_storage_samples_failed_total", INTERVAL),
        "samples not written",
      ),
      metric(
        totalIncrease("prometheus_remote_storage_samples_dropped_total", INTERVAL),
        "samples discarded before sending",
      ),
      metric(
        totalIncrease("prometheus_api_remote_write_invalid_labels_samples_total", INTERVAL),
        "samples with invalid labels",
      ),
      metric(totalIncrease("prometheus_rule_evaluation_failures_total", INTERVAL), "rule evaluations failed"),
      metric(
        totalIncrease("prometheus_notifications_errors_total", INTERVAL),
        "alerts not sent to Alertmanager",
      ),
      metric(totalIncrease("alertmanager_notifications_failed_total", INTERVAL), "messages failed"),
    ],
    unit: "short",
    decimals: 0,
    width: 6,
    height: 9,
  }),
  timeseries({
    title: "Rule duration",
    description:
      "The duration of the last evaluation of the slowest rule group. In the demo, groups with pages are evaluated every 2 s.",
    targets: [metric("max(prometheus_rule_group_last_duration_seconds)", "slowest group")],
    unit: "s",
    steps: ["green", [2, "red"]],
    width: 6,
    height: 9,
  }),
];
