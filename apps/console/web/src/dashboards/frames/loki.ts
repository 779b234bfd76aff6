import type { DataFrame } from "@grafana/data";
import { OTHER, STRING, TIME } from "./field-types.ts";
import { limitNotice } from "./notices.ts";

/** A line of a log with what is known about it. */
export interface LogLine {
  /** Nanoseconds since 1970, as Loki writes them. */
  readonly ns: string;
  readonly line: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface LokiStream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [ns: string, line: string, more?: unknown])[];
}

/** The lines of all streams, newest first. */
export function linesOf(streams: readonly LokiStream[]): LogLine[] {
  return streams
    .flatMap(({ stream, values }) => values.map(([ns, line]) => ({ ns, line, labels: stream })))
    .sort((a, b) => (a.ns.length === b.ns.length ? (a.ns < b.ns ? 1 : -1) : b.ns.length - a.ns.length));
}

export const isLogFrame = ({ fields }: DataFrame) => fields.some(({ name }) => name === "Line");

/** Lines as a frame, so that tables and transformations can have them too. */
export function logFrame(
  lines: readonly LogLine[],
  refId: string,
  limit = Number.POSITIVE_INFINITY,
): DataFrame {
  return {
    refId,
    length: lines.length,
    meta: { preferredVisualisationType: "logs", ...limitNotice(lines.length, limit, "lines") },
    fields: [
      {
        name: "Time",
        type: TIME,
        values: lines.map(({ ns }) => Number(ns.slice(0, -6))),
        config: {},
      },
      { name: "Line", type: STRING, values: lines.map(({ line }) => line), config: {} },
      { name: "labels", type: OTHER, values: lines.map(({ labels }) => labels), config: {} },
      {
        name: "tsNs",
        type: STRING,
        values: lines.map(({ ns }) => ns),
        config: { custom: { hidden: true } },
      },
    ],
  };
}

/** Back from a frame. */
export function framesToLines(frames: readonly DataFrame[]): LogLine[] {
  return frames.filter(isLogFrame).flatMap((frame) => {
    const column = (name: string) => frame.fields.find((field) => field.name === name)?.values ?? [];
    const [lines, labels, ns] = [column("Line"), column("labels"), column("tsNs")];
    return Array.from(lines, (line, index) => ({
      ns: String(ns[index] ?? ""),
      line: String(line),
      labels: (labels[index] ?? {}) as LogLine["labels"],
    }));
  });
}
