import {
  type DataFrame,
  dateTimeFormat,
  type Field,
  FieldType,
  formattedValueToString,
  getFieldDisplayName,
  type LinkModel,
} from "@grafana/data";
import {
  getFieldDisplayLinks,
  VizTooltipContent,
  VizTooltipFooter,
  VizTooltipHeader,
  VizTooltipWrapper,
} from "@grafana/ui";
import { useMemo, useRef } from "react";
import type uPlot from "uplot";
import { number, record } from "../../app/json.ts";
import { Bands } from "../plot/bands.tsx";
import { CellsPlot, cellsConfig } from "../plot/cells.tsx";
import { useHeld, usePinned } from "../plot/hooks.ts";
import type { PanelProps } from "./types.ts";

interface Row extends StateRow {
  readonly name: string;
  readonly field: Field;
}

/** Draws a row for each series in the colours of its states. */
export function StateTimelinePanel(latestProps: PanelProps) {
  const [props, onPinned] = useHeld(latestProps);
  const { panel, frames, width, bands, scope, theme, timeZone } = props;
  const rows = useMemo(() => rowsOf(frames), [frames]);
  const times = useMemo(() => [...new Set(rows.flatMap(({ times }) => times))].sort((a, b) => a - b), [rows]);
  const latest = useRef({ rows, scope });
  latest.current = { rows, scope };
  const names = rows.map(({ name }) => name).join("\n");
  const rowHeight = Math.min(1, Math.max(0.1, number(panel.options.rowHeight) ?? 0.9));
  const opacity = (number(record(panel.fieldConfig.defaults.custom).fillOpacity) ?? 70) / 100;
  const labelWidth = Math.min(width * 0.35, 24 + 7 * Math.max(4, ...rows.map(({ name }) => name.length)));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows are the same while their names are
  const config = useMemo(
    () =>
      cellsConfig({
        theme,
        timeZone,
        rows: rows.length,
        shared: scope.dashboard.sharedCrosshair,
        range: () => [latest.current.scope.range.from.valueOf(), latest.current.scope.range.to.valueOf()],
        labels: () =>
          latest.current.rows.map(({ name }, index, all) => ({
            at: all.length - index - 0.5,
            text: shortened(name, labelWidth),
          })),
        labelWidth,
        draw: (plot) => draw(plot, latest.current.rows, rowHeight, opacity),
      }),
    [theme, timeZone, names, rowHeight, opacity, labelWidth, scope.dashboard],
  );
  return (
    <CellsPlot
      {...props}
      width={latestProps.width}
      height={latestProps.height}
      config={config}
      times={times}
      tooltip={(plot, isPinned) => (
        <StateTooltip plot={plot} rows={rows} timeZone={timeZone} isPinned={isPinned} onPinned={onPinned} />
      )}
    >
      <Bands config={config} bands={bands} timeZone={timeZone} />
    </CellsPlot>
  );
}

/** Truncates a name to the space next to the rows. */
function shortened(name: string, width: number): string {
  const maxLength = Math.floor((width - 16) / 6.7);
  return name.length > maxLength ? `${name.slice(0, Math.max(3, maxLength - 1))}…` : name;
}

function rowsOf(frames: readonly DataFrame[]): Row[] {
  return frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    if (!time) return [];
    return frame.fields
      .filter(({ type }) => type !== FieldType.time)
      .map((field) => ({
        name: getFieldDisplayName(field, frame, [...frames]),
        field,
        ...statesOf(Array.from(time.values, Number), field.values, time.config.interval ?? 0, (value) => {
          const shown = field.display?.(value);
          return { text: shown ? formattedValueToString(shown) : String(value), colour: shown?.color ?? "" };
        }),
      }));
  });
}

function draw(plot: uPlot, rows: readonly Row[], rowHeight: number, opacity: number) {
  const { ctx } = plot;
  for (const [index, { periods }] of rows.entries()) {
    const middle = rows.length - index - 0.5;
    const top = plot.valToPos(middle + rowHeight / 2, "y", true);
    const bottom = plot.valToPos(middle - rowHeight / 2, "y", true);
    for (const { from, to, colour } of periods) {
      const left = Math.round(plot.valToPos(from, "x", true));
      const right = Math.round(plot.valToPos(to, "x", true));
      ctx.globalAlpha = opacity;
      ctx.fillStyle = colour;
      ctx.fillRect(left, Math.round(top), Math.max(1, right - left), Math.round(bottom - top));
    }
  }
  ctx.globalAlpha = 1;
}

interface StateTooltipProps {
  readonly plot: uPlot;
  readonly rows: readonly Row[];
  readonly timeZone: string;
  readonly isPinned: boolean;
  readonly onPinned: (pinned: boolean) => void;
}

function StateTooltip({ plot, rows, timeZone, isPinned, onPinned }: StateTooltipProps) {
  usePinned(isPinned, onPinned);
  const { left = -1, top = -1 } = plot.cursor;
  const row = rows[rows.length - 1 - Math.floor(plot.posToVal(top, "y"))];
  const time = plot.posToVal(left, "x");
  const state = row?.periods.find(({ from, to }) => time >= from && time < to);
  if (!row || !state) return null;
  const clock = (ms: number) => dateTimeFormat(ms, { timeZone, format: "HH:mm:ss" });
  const links = getFieldDisplayLinks(row.field, state.index) as LinkModel<Field>[];
  return (
    <VizTooltipWrapper>
      <VizTooltipHeader
        item={{ label: "", value: `${clock(state.from)} to ${clock(state.to)}` }}
        isPinned={isPinned}
      />
      <VizTooltipContent
        isPinned={isPinned}
        items={[{ label: row.name, value: state.text, color: state.colour, isActive: true }]}
      />
      {isPinned && links.length > 0 && <VizTooltipFooter dataLinks={links} />}
    </VizTooltipWrapper>
  );
}

/** A period in which a series had one state. */
export interface StatePeriod {
  readonly from: number;
  to: number;
  readonly text: string;
  readonly colour: string;
  /** The index of the first point of the period. */
  readonly index: number;
}

export interface StateRow {
  readonly times: readonly number[];
  readonly periods: readonly StatePeriod[];
}

/** Joins consecutive points with the same state. A missing point ends the period. */
export function statesOf(
  times: readonly number[],
  values: readonly unknown[],
  stepMs: number,
  display: (value: unknown) => { readonly text: string; readonly colour: string },
): StateRow {
  const periods: StatePeriod[] = [];
  for (const [index, time] of times.entries()) {
    const value = values[index];
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    const { text, colour } = display(value);
    const next = times[index + 1];
    const last = periods.at(-1);
    const durationMs = stepMs > 0 ? stepMs : (next ?? time) - time;
    const end = next === undefined || (stepMs > 0 && next - time > stepMs * 1.5) ? time + durationMs : next;
    if (last && last.to >= time && last.text === text && last.colour === colour) last.to = end;
    else periods.push({ from: time, to: end, text, colour, index });
  }
  return { times, periods };
}
