import * as common from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { traces } from "../targets.ts";
import { described, type PanelSpec, type PlacedPanel, placed } from "./panel.ts";

export interface TableSpec extends PanelSpec {
  /** Which columns of the answer are shown, in this order, and how they are called. Default: all as they come. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Columns that the answer also has, and that are not shown. */
  readonly hidden?: readonly string[];
  /** The name of the column that orders the rows, largest first. */
  readonly largestFirst?: string;
}

/** Rows of the newest answer. */
export function table({ columns, hidden = [], largestFirst, ...spec }: TableSpec): PlacedPanel {
  const panel = described(new PanelBuilder(), spec).cellHeight(common.TableCellHeight.Sm);
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

export interface TracesSpec extends Omit<PanelSpec, "targets" | "from"> {
  /** TraceQL. */
  readonly query: string;
  readonly limit: number;
  readonly largestFirst?: "Duration" | "Start time";
}

/** Traces that TraceQL finds. A click on a trace id opens the trace. */
export const traceTable = ({ query, limit, largestFirst = "Start time", ...spec }: TracesSpec): PlacedPanel =>
  table({ ...spec, from: "tempo", targets: [traces(query, limit)], largestFirst });
