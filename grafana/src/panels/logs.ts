import * as common from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/logs";
import { type PanelSpec, type PlacedPanel, placed, setCommonOptions } from "./panel.ts";

/** Log lines, newest first. A line of a trace has a button that opens the trace (the data source's derived field). */
export function logs(spec: PanelSpec): PlacedPanel {
  const panel = setCommonOptions(new PanelBuilder(), { ...spec, from: "loki" })
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
