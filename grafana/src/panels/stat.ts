import { PanelBuilder as BarGauge } from "@grafana/grafana-foundation-sdk/bargauge";
import * as common from "@grafana/grafana-foundation-sdk/common";
import { FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { type PanelSpec, type PlacedPanel, placed, setCommonOptions } from "./panel.ts";

const newest = () => new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false);
const byThreshold = { build: () => ({ mode: FieldColorModeId.Thresholds }) };

/**
 * Draws the newest value in the colour of its threshold. There is no sparkline, because it would overlap the value in
 * small panels.
 */
export function stat(spec: PanelSpec): PlacedPanel {
  const panel = setCommonOptions(new Stat(), spec)
    .colorScheme(byThreshold)
    .reduceOptions(newest())
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None);
  return placed(panel, spec);
}

/** Draws the newest value of each series as a bar from `min` to `max`, in the colour of its threshold. */
export function bargauge(spec: PanelSpec & { readonly min: number; readonly max: number }): PlacedPanel {
  const panel = setCommonOptions(new BarGauge(), spec)
    .colorScheme(byThreshold)
    .reduceOptions(newest())
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .showUnfilled(true);
  return placed(panel, spec);
}
