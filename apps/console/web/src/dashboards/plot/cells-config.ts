import type { GrafanaTheme2 } from "@grafana/data";
import { AxisPlacement, ScaleDirection, ScaleOrientation } from "@grafana/schema";
import { UPlotConfigBuilder } from "@grafana/ui";
import type uPlot from "uplot";

export interface CellsOptions {
  readonly theme: GrafanaTheme2;
  readonly timeZone: string;
  readonly shared: boolean;
  readonly range: () => readonly [number, number];
  /** From 0 at the bottom. */
  readonly rows: number;
  /** What is written beside the rows, at which height. */
  readonly labels: () => readonly { readonly at: number; readonly text: string }[];
  readonly labelWidth: number;
  readonly draw: (plot: uPlot) => void;
}

/** Time from left to right, rows from the bottom up. */
export function cellsConfig(options: CellsOptions): UPlotConfigBuilder {
  const { theme, timeZone, shared, rows } = options;
  const builder = new UPlotConfigBuilder(timeZone);
  builder.addScale({
    scaleKey: "x",
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: () => [...options.range()],
  });
  builder.addScale({
    scaleKey: "y",
    orientation: ScaleOrientation.Vertical,
    direction: ScaleDirection.Up,
    range: () => [0, rows],
  });
  builder.addAxis({
    scaleKey: "x",
    isTime: true,
    placement: AxisPlacement.Bottom,
    timeZone,
    theme,
    grid: { show: false },
  });
  builder.addAxis({
    scaleKey: "y",
    placement: AxisPlacement.Left,
    theme,
    size: options.labelWidth,
    grid: { show: false },
    splits: () => options.labels().map(({ at }) => at),
    values: () => options.labels().map(({ text }) => text),
  });
  builder.addSeries({
    scaleKey: "y",
    theme,
    pathBuilder: () => null,
    pointsBuilder: () => undefined,
    lineColor: "transparent",
  });
  builder.addHook("draw", (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    options.draw(plot);
    ctx.restore();
  });
  builder.setCursor({
    drag: { x: true, y: false, setScale: false },
    points: { show: false },
    focus: { prox: 1e6 }, // wherever one clicks, it is a cell, so the tooltip can be pinned
    ...(shared && { sync: { key: "__global_", scales: ["x", null] } }),
  });
  return builder;
}
