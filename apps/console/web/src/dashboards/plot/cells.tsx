import type { UPlotConfigBuilder } from "@grafana/ui";
import { TooltipPlugin2, UPlotChart } from "@grafana/ui";
import { type ReactNode, useRef } from "react";
import type uPlot from "uplot";
import type { PanelProps } from "../panels/types.ts";
import { HOVER_ALL, syncMode } from "./sync.ts";

interface CellsPlotProps extends Pick<PanelProps, "scope" | "width" | "height" | "onZoom"> {
  readonly config: UPlotConfigBuilder;
  /** The times: under the cursor there is always one of them. */
  readonly times: readonly number[];
  /** What lies under the cursor, or nothing. */
  readonly tooltip: (plot: uPlot, isPinned: boolean) => ReactNode;
  readonly children?: ReactNode;
}

/** A plot whose rows are cells over time (a heat map, states): axes, zoom, crosshair and tooltip; the cells are a hook's. */
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
