import type { GrafanaTheme2 } from "@grafana/data";
import { AxisPlacement, ScaleDirection, ScaleOrientation } from "@grafana/schema";
import { TooltipPlugin2, UPlotChart, UPlotConfigBuilder } from "@grafana/ui";
import { type ReactNode, useRef } from "react";
import type uPlot from "uplot";
import type { PanelProps } from "../panels/types.ts";
import { HOVER_ALL, syncMode } from "./options.ts";

interface CellsPlotProps extends Pick<PanelProps, "scope" | "width" | "height" | "onZoom"> {
  readonly config: UPlotConfigBuilder;
  /** The timestamps of the columns. */
  readonly times: readonly number[];
  /** Returns the content of the tooltip, if any. */
  readonly tooltip: (plot: uPlot, isPinned: boolean) => ReactNode;
  readonly children?: ReactNode;
}

/** Draws a plot with rows of cells over time (heat map, state timeline). `config` draws the cells. */
export function CellsPlot({
  config,
  times,
  width,
  height,
  scope,
  onZoom,
  tooltip,
  children,
}: CellsPlotProps) {
  const data = useRef<uPlot.AlignedData>([[], []]);
  if (data.current[0] !== times) data.current = [times as number[], times.map(() => 0)];
  return (
    <UPlotChart config={config} data={data.current} width={width} height={height}>
      <TooltipPlugin2
        config={config}
        hoverMode={HOVER_ALL}
        syncMode={syncMode(scope)}
        syncScope="dashboard"
        queryZoom={({ from, to }) => onZoom(from, to)}
        render={(plot, _idxs, _series, isPinned, _dismiss, _range, viaSync) =>
          viaSync ? null : tooltip(plot, isPinned)
        }
      />
      {children}
    </UPlotChart>
  );
}

export interface CellsOptions {
  readonly theme: GrafanaTheme2;
  readonly timeZone: string;
  readonly shared: boolean;
  readonly range: () => readonly [number, number];
  /** The number of rows. */
  readonly rows: number;
  /** The labels next to the rows, at positions from 0, the bottom, to the number of rows. */
  readonly labels: () => readonly { readonly at: number; readonly text: string }[];
  readonly labelWidth: number;
  readonly draw: (plot: uPlot) => void;
}

/** Creates the configuration of a plot with rows of cells over time. */
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
    focus: { prox: 1e6 }, // every click hits a cell, so that the tooltip can be pinned anywhere
    ...(shared && { sync: { key: "__global_", scales: ["x", null] } }),
  });
  return builder;
}
