import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { serviceLinks } from "../../links.ts";
import type { PanelSpec, PlacedPanel } from "../../panels/panel.ts";
import { stat } from "../../panels/stat.ts";
import { stateTimeline } from "../../panels/state-timeline.ts";
import { timeseries } from "../../panels/timeseries.ts";
import { lostRecords, orZero, RANGE, sumBy, totalIncrease } from "../../promql.ts";
import { metric } from "../../targets.ts";
import { goodBelow } from "../../thresholds.ts";

const inRange = (...counters: string[]): string =>
  counters.map((counter) => totalIncrease(counter, RANGE)).join("\n+ ");

/** The number of targets that are down; also in the Overview dashboard, with a link to this one. */
export const targetsDown = (links?: PanelSpec["links"]): PlacedPanel =>
  stat({
    title: "Targets down",
    description: "Services and components that Prometheus cannot scrape.",
    targets: [metric(orZero("count(up == 0)"), "down")],
    decimals: 0,
    steps: goodBelow(1),
    width: 4,
    height: 4,
    ...(links && { links }),
  });

export const summary = [
  stat({
    title: "Lost telemetry",
    description:
      "Telemetry that was lost in this time range: dropped by a service or the collector, or rejected by Tempo, Loki or Prometheus.",
    targets: [
      metric(
        inRange(
          "telemetry_spans_dropped_total",
          "otelcol_exporter_send_failed_spans_total",
          "otelcol_processor_filter_spans_filtered_total",
          "tempo_discarded_spans_total",
        ),
        "spans",
        { instant: true },
      ),
      metric(
        `${inRange(
          "telemetry_log_lines_dropped_total",
          "otelcol_processor_filter_logs_filtered_total",
          "loki_discarded_samples_total",
        )}\n+ ${lostRecords(RANGE)}`,
        "log lines",
        { instant: true },
      ),
      metric(
        inRange(
          "otelcol_exporter_send_failed_metric_points_total",
          "otelcol_processor_filter_datapoints_filtered_total",
          "prometheus_remote_storage_samples_failed_total",
          "prometheus_remote_storage_samples_dropped_total",
          "prometheus_api_remote_write_invalid_labels_samples_total",
        ),
        "samples",
        { instant: true },
      ),
    ],
    decimals: 0,
    steps: goodBelow(1),
    width: 8,
    height: 4,
  }),
  targetsDown(),
  stat({
    title: "Queue usage",
    description:
      "The fill level of the collector's fullest queue. A queue fills while its backend is down; when it is full, the collector refuses data.",
    targets: [
      metric(
        "max(otelcol_exporter_queue_size / on (instance, exporter, data_type) otelcol_exporter_queue_capacity)",
        "full",
      ),
    ],
    unit: "percentunit",
    decimals: 2,
    steps: goodBelow(0.5, 0.8),
    width: 4,
    height: 4,
  }),
  stat({
    title: "Buffers",
    description: "Spans and log lines that services buffer until the collector or Loki accepts them.",
    targets: [
      metric("sum(telemetry_span_queue_size)", "spans"),
      metric("sum(telemetry_log_queue_size)", "log lines"),
    ],
    decimals: 0,
    steps: goodBelow(1000, 10_000),
    width: 4,
    height: 4,
  }),
  stat({
    title: "Alerts sent",
    description: "Notifications per minute that Alertmanager has sent, and those that failed.",
    targets: [
      metric("60 * sum(rate(alertmanager_notifications_total[$__rate_interval]))", "sent"),
      metric("60 * sum(rate(alertmanager_notifications_failed_total[$__rate_interval]))", "failed"),
    ],
    decimals: 0,
    width: 4,
    height: 4,
    overrides: {
      failed: [
        {
          id: "thresholds",
          value: {
            mode: "absolute",
            steps: [
              { value: null, color: "green" },
              { value: 1e-9, color: "red" },
            ],
          },
        },
      ],
    },
  }),
];

export const scrapes = [
  stateTimeline({
    title: "Target state",
    description: "The result of Prometheus's scrapes of each target: up or down.",
    targets: [metric("min by (service_name) (up)", "{{service_name}}")],
    steps: ["red", [1, "green"]],
    mappings: [
      {
        type: MappingType.ValueToText,
        options: { 0: { text: "down", color: "red", index: 0 }, 1: { text: "up", color: "green", index: 1 } },
      },
    ],
    maxDataPoints: 400,
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
  timeseries({
    title: "Scrape duration",
    description:
      "From the start of the request to the last byte. After 2 s a scrape is cancelled, and the target counts as down.",
    targets: [metric("max by (service_name) (scrape_duration_seconds)", "{{service_name}}")],
    unit: "s",
    width: 6,
    height: 10,
  }),
  timeseries({
    title: "Samples per scrape",
    description:
      "The number of samples of each target. Steady growth indicates a label with too many values.",
    targets: [metric(sumBy(["service_name"], "scrape_samples_post_metric_relabeling"), "{{service_name}}")],
    unit: "short",
    width: 6,
    height: 10,
  }),
];
