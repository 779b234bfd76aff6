import { type DataFrame, FieldType } from "@grafana/data";
import type { FoundTrace } from "../../api/tempo.ts";
import { limitNotice } from "./notices.ts";

/** Converts traces to a table with Grafana's columns. The id links to the trace. */
export function tracesFrame(traces: readonly FoundTrace[], refId: string, limit: number): DataFrame {
  // Tempo counts a trace once for each block that contains it but lists it once, so it may reach its limit with fewer
  // traces.
  const column = <T>(name: string, type: FieldType, value: (trace: FoundTrace) => T, config = {}) => ({
    name,
    type,
    values: traces.map(value),
    config: { displayNameFromDS: name, ...config },
  });
  return {
    refId,
    length: traces.length,
    meta: { preferredVisualisationType: "table", ...limitNotice(traces.length * 2, limit, "traces") },
    fields: [
      {
        ...column("traceID", FieldType.string, ({ id }) => id, {
          displayNameFromDS: "Trace ID",
          unit: "string",
          custom: { width: 240 },
          links: [{ title: "Open the trace", url: `/traces/\${__value.raw}` }],
        }),
      },
      column("startTime", FieldType.time, ({ startedAt }) => Math.round(startedAt), {
        displayNameFromDS: "Start time",
        unit: "time:HH:mm:ss.SSS",
        custom: { width: 116 },
      }),
      column("traceService", FieldType.string, ({ service }) => service || "<root span not yet received>", {
        displayNameFromDS: "Service",
      }),
      column("traceName", FieldType.string, ({ name }) => name, {
        displayNameFromDS: "Name",
      }),
      column("traceDuration", FieldType.number, ({ durationMs }) => durationMs, {
        displayNameFromDS: "Duration",
        unit: "ms",
        custom: { width: 92 },
      }),
    ],
  };
}
