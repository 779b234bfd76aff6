import { PROTOCOL_NAMES } from "@lgtm-lab/contracts/services";
import type { LoadResult } from "../result.ts";
import { protocolsOf, stepsOf } from "./figures.ts";
import { findingsOf, notesOf } from "./findings.ts";
import { CAPTIONS, COLUMN_NOTE, COLUMNS, READING, setups, usersColumn } from "./tables.ts";

/** Returns the report of a load test as Markdown (GitHub Flavored). */
export function markdownReport(result: LoadResult): string {
  const columns = [usersColumn, ...COLUMNS];
  const tables = protocolsOf(result).map((protocol) =>
    [
      `## ${PROTOCOL_NAMES[protocol]}`,
      `${escaped(CAPTIONS[protocol])}.`,
      table(
        columns.map(({ title }) => title),
        stepsOf(result, protocol).map((step) => columns.map(({ of }) => of(step))),
        "right",
      ),
    ].join("\n\n"),
  );
  const notes = notesOf(result);
  return `${[
    "# Load test: gRPC and REST",
    items(findingsOf(result)),
    ...(notes.length > 0 ? [items(notes)] : []),
    ...tables,
    ...(tables.length > 0 ? [escaped(COLUMN_NOTE)] : []),
    "## How to read it",
    items(READING),
    "## Machine and set-up",
    table(["", "This run", "Original lab"], setups(result), "left"),
  ].join("\n\n")}\n`;
}

const items = (texts: readonly string[]): string => texts.map((text) => `- ${escaped(text)}`).join("\n");

/** A table whose columns are aligned in the source too. */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: "left" | "right",
): string {
  const lines = [head, ...rows].map((line) => line.map(escaped));
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => (line[column] ?? "").length)));
  const pad = (text: string, width: number) => (align === "left" ? text.padEnd(width) : text.padStart(width));
  const rule = widths.map((width) => (align === "left" ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const [first = [], ...others] = lines.map((line) =>
    widths.map((width, index) => pad(line[index] ?? "", width)),
  );
  return [first, rule, ...others].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Escapes characters that have a meaning in Markdown or HTML, and joins lines: a machine's name can have any text. */
const escaped = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>|~&#]/g, "\\$&");
