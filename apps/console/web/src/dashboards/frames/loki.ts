import { type DataFrame, FieldType } from "@grafana/data";
import { type Fields, type Line, linesOf } from "../../lines/read.ts";
import { limitNotice } from "./notices.ts";

const isLogFrame = ({ fields }: DataFrame) => fields.some(({ name }) => name === "Line");

/** Converts lines to a frame for tables and transformations. */
export function logFrame(lines: readonly Line[], refId: string, limit = Number.POSITIVE_INFINITY): DataFrame {
  return {
    refId,
    length: lines.length,
    meta: { preferredVisualisationType: "logs", ...limitNotice(lines.length, limit, "lines") },
    fields: [
      {
        name: "Time",
        type: FieldType.time,
        values: lines.map(({ time }) => Number(time.slice(0, -6))),
        config: {},
      },
      { name: "Line", type: FieldType.string, values: lines.map(({ raw }) => raw), config: {} },
      { name: "labels", type: FieldType.other, values: lines.map(({ labels }) => labels), config: {} },
      {
        name: "tsNs",
        type: FieldType.string,
        values: lines.map(({ time }) => time),
        config: { custom: { hidden: true } },
      },
    ],
  };
}

/** Reads the lines from log frames, in order. */
export function framesToLines(frames: readonly DataFrame[]): readonly Line[] {
  const entries = frames.filter(isLogFrame).flatMap((frame) => {
    const column = (name: string) => frame.fields.find((field) => field.name === name)?.values ?? [];
    const [lines, labels, times] = [column("Line"), column("labels"), column("tsNs")];
    return Array.from(lines, (line, index) => ({
      time: String(times[index] ?? ""),
      raw: String(line),
      labels: (labels[index] ?? {}) as Fields,
    }));
  });
  return linesOf(entries);
}
