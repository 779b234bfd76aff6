import * as common from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { type PanelSpec, type PlacedPanel, placed, setCommonOptions } from "./panel.ts";

export interface TimeseriesSpec extends PanelSpec {
  /** Bars on top of each other, for amounts that add up. Default: lines. */
  readonly bars?: boolean;
  /** Areas on top of each other, for shares that add up. */
  readonly stacked?: boolean;
  /** Draws the thresholds as dashed lines. */
  readonly stepLines?: boolean;
  /** A logarithmic y axis, for values that span several powers of ten. */
  readonly logarithmic?: boolean;
  /**
   * Whether values may be below 0. Otherwise the axis begins at 0, so that a small change does not look like a large
   * one.
   */
  readonly signed?: boolean;
}

/** More filled areas than this hide each other. */
export const MAX_FILLED = 3;

/** Returns whether there may be more lines: a legend with a label means one line for each of its values. */
function manyLines({ targets }: TimeseriesSpec): boolean {
  const legends = targets.map(
    (target) => (target("A").build() as { legendFormat?: string }).legendFormat ?? "",
  );
  return targets.length > MAX_FILLED || legends.some((legend) => legend.includes("{{"));
}

/** Lines, bars or areas over time, with the last and the largest value of each in the legend. */
export function timeseries(spec: TimeseriesSpec): PlacedPanel {
  const { bars = false, stacked = bars } = spec;
  const panel = setCommonOptions(new PanelBuilder(), spec.signed ? spec : { min: 0, ...spec })
    .drawStyle(bars ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(bars ? 70 : stacked ? 40 : manyLines(spec) ? 0 : 10)
    .showPoints(common.VisibilityMode.Never)
    .stacking(
      new common.StackingConfigBuilder()
        .mode(stacked ? common.StackingMode.Normal : common.StackingMode.None)
        .group("A"),
    )
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
  if (spec.stepLines)
    panel.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  if (spec.logarithmic)
    panel.scaleDistribution(
      new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10),
    );
  return placed(panel, spec);
}
