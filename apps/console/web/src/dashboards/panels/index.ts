import type { ComponentType } from "react";
import { BarGaugePanel } from "./bar-gauge.tsx";
import {
  BARGAUGE_DEFAULTS,
  GAUGE_DEFAULTS,
  NO_DEFAULTS,
  STAT_DEFAULTS,
  STATE_DEFAULTS,
  TABLE_DEFAULTS,
  TIME_SERIES_DEFAULTS,
} from "./defaults.ts";
import { GaugePanel } from "./gauge.tsx";
import { HeatmapPanel } from "./heatmap.tsx";
import { LogsPanel } from "./logs.tsx";
import { NodeGraphPanel } from "./node-graph.tsx";
import { StatPanel } from "./stat.tsx";
import { StateTimelinePanel } from "./state-timeline.tsx";
import { TablePanel } from "./table.tsx";
import { TextPanel } from "./text.tsx";
import { TimeSeriesPanel } from "./time-series.tsx";
import type { PanelProps } from "./types.ts";

export interface PanelType {
  readonly Component: ComponentType<PanelProps>;
  readonly defaults: { readonly color?: unknown; readonly custom?: Readonly<Record<string, unknown>> };
  /** Whether the panel type has no queries. */
  readonly asksNothing?: boolean;
}

/** The supported panel types, by their names in Grafana. */
export const PANEL_TYPES: ReadonlyMap<string, PanelType> = new Map<string, PanelType>([
  ["timeseries", { Component: TimeSeriesPanel, defaults: TIME_SERIES_DEFAULTS }],
  ["graph", { Component: TimeSeriesPanel, defaults: TIME_SERIES_DEFAULTS }],
  ["stat", { Component: StatPanel, defaults: STAT_DEFAULTS }],
  ["singlestat", { Component: StatPanel, defaults: STAT_DEFAULTS }],
  ["gauge", { Component: GaugePanel, defaults: GAUGE_DEFAULTS }],
  ["bargauge", { Component: BarGaugePanel, defaults: BARGAUGE_DEFAULTS }],
  ["heatmap", { Component: HeatmapPanel, defaults: NO_DEFAULTS }],
  ["state-timeline", { Component: StateTimelinePanel, defaults: STATE_DEFAULTS }],
  ["table", { Component: TablePanel, defaults: TABLE_DEFAULTS }],
  ["logs", { Component: LogsPanel, defaults: NO_DEFAULTS }],
  ["nodeGraph", { Component: NodeGraphPanel, defaults: NO_DEFAULTS }],
  ["text", { Component: TextPanel, defaults: NO_DEFAULTS, asksNothing: true }],
]);
