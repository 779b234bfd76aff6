import * as common from "@grafana/grafana-foundation-sdk/common";
import * as heatmaps from "@grafana/grafana-foundation-sdk/heatmap";
import { type PanelSpec, type PlacedPanel, placed, setCommonOptions } from "./panel.ts";

/** Few enough columns that each contains several scrapes. */
const COLUMNS = 90;

/**
 * Draws the number of observations in each bucket of a histogram, over time. `unit` is the unit of the bucket bounds.
 * The query is `sum by (le) (increase(…_bucket[…]))` in the format `heatmap`; exemplars are drawn at their values.
 */
export function heatmap({ unit, ...spec }: PanelSpec & { readonly unit: string }): PlacedPanel {
  const panel = setCommonOptions(new heatmaps.PanelBuilder(), { maxDataPoints: COLUMNS, ...spec })
    .calculate(false)
    .color(
      new heatmaps.HeatmapColorOptionsBuilder()
        .mode(heatmaps.HeatmapColorMode.Scheme)
        .scheme("Oranges")
        .scale(heatmaps.HeatmapColorScale.Exponential)
        .exponent(0.5)
        .steps(64)
        .reverse(false),
    )
    .yAxis(new heatmaps.YAxisConfigBuilder().unit(unit))
    .cellGap(1)
    .cellValues(new heatmaps.CellValuesBuilder().unit("short").decimals(0))
    .filterValues(new heatmaps.FilterValueRangeBuilder().le(1e-9))
    .tooltip(
      new heatmaps.HeatmapTooltipBuilder()
        .mode(common.TooltipDisplayMode.Single)
        .yHistogram(true)
        .showColorScale(true),
    )
    .showLegend()
    .exemplarsColor("rgba(90, 160, 255, 0.9)");
  return placed(panel, spec);
}
