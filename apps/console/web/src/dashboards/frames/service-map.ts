import { type DataFrame, FieldType } from "@grafana/data";
import type { Call } from "../../service-map/calls.ts";
import { unnamedNotice } from "./notices.ts";

/** Converts the calls of a service map to a frame of edges. */
export function callsFrame(calls: readonly Call[], refId: string, unnamed = 0): DataFrame {
  const column = (name: string, type: FieldType, values: unknown[], unit?: string) => ({
    name,
    type,
    values,
    config: unit ? { unit } : {},
  });
  return {
    refId,
    name: "edges",
    length: calls.length,
    meta: { preferredVisualisationType: "nodeGraph", ...unnamedNotice(unnamed) },
    fields: [
      column(
        "source",
        FieldType.string,
        calls.map(({ client }) => client),
      ),
      column(
        "target",
        FieldType.string,
        calls.map(({ server }) => server),
      ),
      column(
        "perSecond",
        FieldType.number,
        calls.map(({ perSecond }) => perSecond),
        "reqps",
      ),
      column(
        "seconds",
        FieldType.number,
        calls.map(({ seconds = null }) => seconds),
        "s",
      ),
      column(
        "failed",
        FieldType.number,
        calls.map(({ failed = null }) => failed),
        "percentunit",
      ),
    ],
  };
}

/** Reads the calls from frames of edges. */
export function framesToCalls(frames: readonly DataFrame[]): Call[] {
  return frames.flatMap((frame) => {
    const column = (name: string) => frame.fields.find((field) => field.name === name)?.values;
    const [sources, targets] = [column("source"), column("target")];
    if (!sources || !targets) return [];
    const numberAt = (name: string, index: number) => {
      const value = column(name)?.[index] ?? undefined;
      return value === undefined ? undefined : Number(value) || 0;
    };
    return Array.from(sources, (source, index) => ({
      client: String(source),
      server: String(targets[index]),
      perSecond: numberAt("perSecond", index) ?? 0,
      seconds: numberAt("seconds", index),
      failed: numberAt("failed", index),
    }));
  });
}
