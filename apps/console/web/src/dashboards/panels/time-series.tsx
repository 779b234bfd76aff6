import { type DataFrame, FieldType } from "@grafana/data";
import { SortOrder, TooltipDisplayMode } from "@grafana/schema";
import { TimeSeries, TooltipPlugin2 } from "@grafana/ui";
import { useMemo } from "react";
import { record } from "../../app/json.ts";
import { Bands } from "../plot/bands.tsx";
import { Exemplars } from "../plot/exemplars.tsx";
import { useHeld } from "../plot/hooks.ts";
import { HOVER_ALL, HOVER_ONE, legendOptions, syncMode } from "../plot/options.ts";
import { SeriesTooltip, seriesLinks } from "../plot/series-tooltip.tsx";
import type { PanelProps } from "./types.ts";

/** Draws lines, areas, bars or points over time. */
export function TimeSeriesPanel(latest: PanelProps) {
  const [props, onPinned] = useHeld(latest);
  const { panel, frames, exemplars, bands, scope, timeZone, onZoom } = props;
  const { width, height } = latest;
  const graphable = useMemo(() => graphableFrames(frames), [frames]);
  const structure = useStructure(graphable);
  const tooltip = record(panel.options.tooltip);
  const mode = TOOLTIP_MODES[String(tooltip.mode)] ?? TooltipDisplayMode.Multi;
  const sort = SORT_ORDERS[String(tooltip.sort)] ?? SortOrder.None;
  const legend = useMemo(() => legendOptions(panel.options.legend), [panel]);
  if (graphable.length === 0)
    return <p className="panel-message">This result has no timestamps, so the panel cannot draw it.</p>;
  return (
    <TimeSeries
      frames={graphable}
      structureRev={structure}
      width={width}
      height={height}
      timeRange={scope.range}
      timeZone={timeZone}
      legend={legend}
      options={panel.options}
    >
      {(config, aligned) => (
        <>
          <TooltipPlugin2
            config={config}
            hoverMode={mode === TooltipDisplayMode.Single ? HOVER_ONE : HOVER_ALL}
            syncMode={syncMode(scope)}
            syncScope="dashboard"
            queryZoom={({ from, to }) => onZoom(from, to)}
            getDataLinks={(series, row) => seriesLinks(aligned, series, row)}
            render={(_, dataIdxs, seriesIdx, isPinned, _dismiss, _range, viaSync, links) =>
              mode === TooltipDisplayMode.None ? null : (
                <SeriesTooltip
                  frame={aligned}
                  frames={graphable}
                  dataIdxs={dataIdxs}
                  seriesIdx={seriesIdx}
                  mode={viaSync ? TooltipDisplayMode.Multi : mode}
                  sort={sort}
                  isPinned={isPinned}
                  links={links}
                  onPinned={onPinned}
                />
              )
            }
          />
          <Bands config={config} bands={bands} timeZone={timeZone} />
          <Exemplars config={config} points={exemplars} frame={aligned} timeZone={timeZone} />
        </>
      )}
    </TimeSeries>
  );
}

const TOOLTIP_MODES: Readonly<Record<string, TooltipDisplayMode>> = {
  single: TooltipDisplayMode.Single,
  multi: TooltipDisplayMode.Multi,
  none: TooltipDisplayMode.None,
};

const SORT_ORDERS: Readonly<Record<string, SortOrder>> = {
  asc: SortOrder.Ascending,
  desc: SortOrder.Descending,
};

/** Returns the frames with a time and a number field, with infinite values removed. */
const graphableFrames = (frames: readonly DataFrame[]): DataFrame[] =>
  frames
    .filter(({ fields }) => fields.some(({ type }) => type === FieldType.time))
    .map((frame) => ({
      ...frame,
      fields: frame.fields
        .filter(
          ({ type }) => type === FieldType.time || type === FieldType.number || type === FieldType.boolean,
        )
        .map((field) =>
          field.type === FieldType.time
            ? field
            : { ...field, type: FieldType.number, values: field.values.map((value) => finite(value)) },
        ),
    }))
    .filter(({ fields }) => fields.length > 1);

const finite = (value: unknown): number | null => {
  const number = typeof value === "boolean" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
};

/** Returns a hash of the series and their options. The plot is created again when it changes. */
function useStructure(frames: readonly DataFrame[]): number {
  const fingerprint = JSON.stringify(
    frames.map(({ fields }) => fields.map(({ labels, config }) => [labels, config])),
  );
  return useMemo(() => hash(fingerprint), [fingerprint]);
}

function hash(text: string): number {
  let sum = 5381;
  for (let index = 0; index < text.length; index++) sum = (sum * 33 + text.charCodeAt(index)) | 0;
  return sum || 1;
}
