import { styleText } from "node:util";
import Table from "cli-table3";

const NO_LINES = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((name) => [name, ""]),
);

/** Formats columns without borders. */
export function plainTable(rows: readonly (readonly string[])[], head: readonly string[] = []): string {
  const table = new Table({
    head: head.map((word) => styleText("bold", word)),
    chars: NO_LINES,
    style: { "padding-left": 2, "padding-right": 1, head: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

/** Formats a number of seconds for people: `42 s`, `12 min`, `1.5 h`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
