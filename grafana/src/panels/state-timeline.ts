import * as common from "@grafana/grafana-foundation-sdk/common";
import { FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { type PanelSpec, type PlacedPanel, placed, setCommonOptions } from "./panel.ts";

/** Draws one row for each series, in the colour of its state. Mappings name the states. */
export function stateTimeline(spec: PanelSpec): PlacedPanel {
  const panel = setCommonOptions(new PanelBuilder(), spec)
    .colorScheme({ build: () => ({ mode: FieldColorModeId.Thresholds }) })
    .mergeValues(true)
    .rowHeight(0.8)
    .fillOpacity(80)
    .lineWidth(0)
    .showValue(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(false)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    );
  return placed(panel, spec);
}
