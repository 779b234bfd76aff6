import { type DataFrame, FieldType, getFieldDisplayName } from "@grafana/data";
import { TableCellHeight } from "@grafana/schema";
import { TableNG } from "@grafana/ui/unstable";
import { useMemo } from "react";
import { number, readText, records } from "../../app/json.ts";
import type { PanelProps } from "./types.ts";

/** Draws a table, whose cells can be links. */
export function TablePanel({ panel, width, height, frames, scope }: PanelProps) {
  const { options } = panel;
  const frame = frames[number(options.frameIndex) ?? 0] ?? frames[0];
  const data = useMemo(() => frame && shown(frame), [frame]);
  const sortBy = useMemo(
    () =>
      records(options.sortBy).map(({ displayName, desc }) => ({
        displayName: readText(displayName),
        desc: desc === true,
      })),
    [options.sortBy],
  );
  const known = new Set(data?.fields.map((field) => getFieldDisplayName(field, data)));
  if (!data) return null;
  // As in Grafana, columns without a width share the remaining space, so that long content does not hide other columns.
  const hasWidths = data.fields.some(({ config }) => number(config.custom?.width) !== undefined);
  return (
    <TableNG
      data={data}
      width={width}
      height={height}
      ariaLabel={panel.title}
      noHeader={options.showHeader === false}
      sortBy={sortBy.filter(({ displayName }) => known.has(displayName))}
      cellHeight={CELL_HEIGHTS[readText(options.cellHeight)] ?? TableCellHeight.Sm}
      timeRange={scope.range}
      structureRev={1}
      resizable
      columnMinWidth={90}
      contentAwareWidthsEnabled={!hasWidths}
    />
  );
}

const CELL_HEIGHTS: Readonly<Record<string, TableCellHeight>> = {
  sm: TableCellHeight.Sm,
  md: TableCellHeight.Md,
  lg: TableCellHeight.Lg,
};

/** Removes hidden columns, and converts values that a table cannot show to text. */
function shown(frame: DataFrame): DataFrame {
  return {
    ...frame,
    fields: frame.fields
      .filter(({ config }) => !config.custom?.hidden && !config.custom?.hideFrom?.viz)
      .map((field) =>
        field.type === FieldType.other
          ? {
              ...field,
              type: FieldType.string,
              values: field.values.map((value) =>
                typeof value === "object" ? JSON.stringify(value) : value,
              ),
            }
          : field,
      ),
  };
}
