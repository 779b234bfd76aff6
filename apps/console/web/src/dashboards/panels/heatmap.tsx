import { dateTimeFormat, formattedValueToString, getValueFormat } from "@grafana/data";
import { VizTooltipContent, VizTooltipHeader, VizTooltipWrapper } from "@grafana/ui";
import { useMemo, useRef } from "react";
import type uPlot from "uplot";
import { number, readText, record } from "../../app/json.ts";
import { Bands } from "../plot/bands.tsx";
import { CellsPlot, cellsConfig } from "../plot/cells.tsx";
import { Exemplars } from "../plot/exemplars.tsx";
import { cellsOf, type HeatmapCells, rowOfValue } from "./heatmap-cells.ts";
import { colourScale } from "./heatmap-colours.ts";
import type { PanelProps } from "./types.ts";

const LEGEND = 34;

/** Draws the number of observations in each bucket over time as colours. */
export function HeatmapPanel(props: PanelProps) {
  const { panel, width, height, frames, exemplars, bands, scope, theme, timeZone } = props;
  const cells = useMemo(
    () => cellsOf(frames, number(record(panel.options.filterValues).le)),
    [frames, panel],
  );
  const colours = useMemo(() => colourScale(record(panel.options.color), theme), [panel, theme]);
  const unit =
    readText(record(panel.options.yAxis).unit) || readText(panel.fieldConfig.defaults.unit, "short");
  const format = useMemo(() => {
    const formatter = getValueFormat(unit);
    return (value: number) =>
      Number.isFinite(value) ? formattedValueToString(formatter(value, undefined)) : "∞";
  }, [unit]);
  const latest = useRef({ cells, scope });
  latest.current = { cells, scope };
  const rows = cells.bounds.length;
  const bounds = cells.bounds.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows are the same while their bounds are
  const config = useMemo(
    () =>
      cellsConfig({
        theme,
        timeZone,
        rows,
        shared: scope.dashboard.sharedCrosshair,
        range: () => [latest.current.scope.range.from.valueOf(), latest.current.scope.range.to.valueOf()],
        labels: () => labelsFor(latest.current.cells, height, format),
        labelWidth: 64,
        draw: (plot) => draw(plot, latest.current.cells, colours),
      }),
    [theme, timeZone, bounds, colours, format, height, scope.dashboard],
  );
  const showLegend = record(panel.options.legend).show !== false && height > 160;
  return (
    <>
      <CellsPlot
        {...props}
        height={showLegend ? height - LEGEND : height}
        config={config}
        times={cells.times}
        tooltip={(plot, isPinned) => (
          <CellTooltip
            plot={plot}
            cells={cells}
            format={format}
            timeZone={timeZone}
            isPinned={isPinned}
            colours={colours}
          />
        )}
      >
        <Bands config={config} bands={bands} timeZone={timeZone} />
        {frames[0] && (
          <Exemplars
            config={config}
            points={exemplars}
            frame={frames[0]}
            timeZone={timeZone}
            format={format}
            toY={(plot, value) => plot.valToPos(rowOfValue(cells, value), "y")}
          />
        )}
      </CellsPlot>
      {showLegend && <ColourLegend colours={colours} maxCount={cells.maxCount} width={width} />}
    </>
  );
}

/** Returns labels for the bounds between rows, as many as fit. */
function labelsFor({ bounds }: HeatmapCells, height: number, format: (value: number) => string) {
  const every = Math.max(1, Math.ceil((bounds.length * 18) / Math.max(1, height - 60)));
  return bounds
    .map((bound, index) => ({ at: index + 1, text: format(bound) }))
    .filter((_, index) => index % every === 0);
}

type Colours = ReturnType<typeof colourScale>;

function draw(plot: uPlot, { times, counts, stepMs, maxCount }: HeatmapCells, colours: Colours) {
  const { ctx } = plot;
  const gap = devicePixelRatio;
  for (const [row, values] of counts.entries()) {
    const bottom = Math.round(plot.valToPos(row, "y", true));
    const top = Math.round(plot.valToPos(row + 1, "y", true));
    for (const [index, count] of values.entries()) {
      const time = times[index];
      if (!count || time === undefined) continue;
      const left = Math.round(plot.valToPos(time - stepMs, "x", true));
      const right = Math.round(plot.valToPos(time, "x", true));
      ctx.fillStyle = colours.of(count / maxCount);
      ctx.fillRect(left, top + gap, Math.max(1, right - left - gap), Math.max(1, bottom - top - gap));
    }
  }
}

interface CellTooltipProps {
  readonly plot: uPlot;
  readonly cells: HeatmapCells;
  readonly format: (value: number) => string;
  readonly timeZone: string;
  readonly isPinned: boolean;
  readonly colours: Colours;
}

function CellTooltip({ plot, cells, format, timeZone, isPinned, colours }: CellTooltipProps) {
  const { left = -1, top = -1 } = plot.cursor;
  const row = Math.floor(plot.posToVal(top, "y"));
  const time = plot.posToVal(left, "x");
  const index = cells.times.findIndex((end) => time <= end && time > end - cells.stepMs);
  const count = cells.counts[row]?.[index];
  const end = cells.times[index];
  if (count === undefined || count === null || end === undefined) return null;
  const lower = row > 0 ? format(cells.bounds[row - 1] ?? 0) : "0";
  const upper = cells.bounds[row] ?? Number.POSITIVE_INFINITY;
  const range = Number.isFinite(upper) ? `${lower} to ${format(upper)}` : `more than ${lower}`;
  const clock = (ms: number) => dateTimeFormat(ms, { timeZone, format: "HH:mm:ss" });
  const column = cells.counts.reduce((sum, values) => sum + (values[index] ?? 0), 0);
  return (
    <VizTooltipWrapper>
      <VizTooltipHeader
        item={{ label: "", value: `${clock(end - cells.stepMs)} to ${clock(end)}` }}
        isPinned={isPinned}
      />
      <VizTooltipContent
        isPinned={isPinned}
        items={[
          { label: range, value: counted(count), color: colours.of(count / cells.maxCount), isActive: true },
          {
            label: "share of this interval",
            value: column > 0 ? `${Math.round((100 * count) / column)} %` : "",
          },
        ]}
      />
    </VizTooltipWrapper>
  );
}

const counted = (count: number) =>
  count >= 10 ? String(Math.round(count)) : String(Math.round(count * 10) / 10);

function ColourLegend({
  colours,
  maxCount,
  width,
}: {
  readonly colours: Colours;
  readonly maxCount: number;
  readonly width: number;
}) {
  const stops = Array.from({ length: 9 }, (_, index) => colours.of(Math.max(0.001, index / 8)));
  return (
    <div className="heatmap-legend" style={{ maxWidth: Math.min(260, width - 70) }} aria-hidden="true">
      <span>0</span>
      <i style={{ background: `linear-gradient(90deg, ${stops.join(",")})` }} />
      <span>{counted(maxCount)}</span>
    </div>
  );
}
