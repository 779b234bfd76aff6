import * as common from "@grafana/grafana-foundation-sdk/common";
import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { traces } from "../targets.ts";
import { type PanelSpec, type PlacedPanel, placed, setCommonOptions } from "./panel.ts";

export interface TableSpec extends PanelSpec {
  /** The columns that are shown, in this order, and their names. Default: all columns of the result. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Columns of the result that are not shown. */
  readonly hidden?: readonly string[];
  /** Widths in pixels by displayed name. Columns without a width share the rest; leave out a column with long texts. */
  readonly widths?: Readonly<Record<string, number>>;
  /** The name of the column that orders the rows, largest first. */
  readonly largestFirst?: string;
}

/** The minimum for columns without a width. Grafana's default, 150, is too much for half of a narrow window. */
export const MIN_WIDTH = 100;

/** Shows the rows of the newest result as a table. */
export function table({ columns, hidden = [], widths = {}, largestFirst, ...spec }: TableSpec): PlacedPanel {
  const overrides = withWidths(spec.overrides ?? {}, widths);
  const panel = setCommonOptions(new PanelBuilder(), { ...spec, overrides })
    .cellHeight(common.TableCellHeight.Sm)
    .minWidth(MIN_WIDTH);
  if (columns)
    panel.withTransformation({
      id: "organize",
      options: {
        excludeByName: Object.fromEntries(hidden.map((name) => [name, true])),
        indexByName: Object.fromEntries(Object.keys(columns).map((name, index) => [name, index])),
        renameByName: columns,
      },
    });
  if (largestFirst !== undefined)
    panel.sortBy([new common.TableSortByFieldStateBuilder().displayName(largestFirst).desc(true)]);
  return placed(panel, spec);
}

function withWidths(
  overrides: NonNullable<PanelSpec["overrides"]>,
  widths: NonNullable<TableSpec["widths"]>,
): NonNullable<PanelSpec["overrides"]> {
  const names = [...new Set([...Object.keys(overrides), ...Object.keys(widths)])];
  return Object.fromEntries(
    names.map((name): [string, DynamicConfigValue[]] => {
      const width = widths[name] === undefined ? [] : [{ id: "custom.width", value: widths[name] }];
      return [name, [...(overrides[name] ?? []), ...width]];
    }),
  );
}

export interface TracesSpec extends Omit<PanelSpec, "targets" | "from"> {
  /** TraceQL. */
  readonly query: string;
  readonly limit: number;
  readonly largestFirst?: "Duration" | "Start time";
}

/** Trace ID, Start time, Service, Name, Duration. */
export const TRACE_COLUMNS = 5;

/** From this width on (of 24 columns) the table has a column for the service. */
const WITH_SERVICE = 16;

/**
 * Shows a table of the traces that TraceQL finds; a click on a trace id opens the trace. The columns of Grafana's Tempo
 * data source have other names than their fields (`traceService` is shown as "Service"), so the options are set for
 * both names.
 */
export const traceTable = ({
  query,
  limit,
  largestFirst = "Start time",
  ...spec
}: TracesSpec): PlacedPanel => {
  const hidden = spec.width < WITH_SERVICE ? ["traceService", "Service"] : [];
  return table({
    ...spec,
    from: "tempo",
    targets: [traces(query, limit)],
    columns: {},
    hidden,
    largestFirst,
    overrides: { "Start time": [{ id: "unit", value: "time:HH:mm:ss.SSS" }] },
    widths: {
      "Trace ID": 104,
      "Start time": 104,
      ...(hidden.length === 0 && { Service: 110 }),
      Duration: 84,
    },
  });
};
