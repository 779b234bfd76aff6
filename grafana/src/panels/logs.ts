import * as common from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/logs";
import { described, type PanelSpec, type PlacedPanel, placed } from "./panel.ts";

/** Log lines, newest first. A line of a trace has a button that opens the trace (the data source's derived field). */
export function logs(spec: PanelSpec): PlacedPanel {
  const panel = described(new PanelBuilder(), { ...spec, from: "loki" })
    .showTime(true)
    .showLabels(false)
    .showCommonLabels(false)
    .wrapLogMessage(true)
    .prettifyLogMessage(false)
    .enableLogDetails(true)
    .showLogContextToggle(false)
    .dedupStrategy(common.LogsDedupStrategy.None)
    .sortOrder(common.LogsSortOrder.Descending);
  return placed(panel, spec);
}
