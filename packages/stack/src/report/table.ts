import { styleText } from "node:util";
import Table from "cli-table3";

const NO_LINES = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((name) => [name, ""]),
);

/** Columns without lines around them. */
export function plainTable(rows: readonly (readonly string[])[], head: readonly string[] = []): string {
  const table = new Table({
    head: head.map((word) => styleText("bold", word)),
    chars: NO_LINES,
    style: { "padding-left": 2, "padding-right": 1, head: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
