import type { DataFrame, FieldType } from "@grafana/data";
import { NUMBER, STRING, TIME } from "./field-types.ts";
import { limitNotice } from "./notices.ts";

/** One of the traces that a search has found. */
export interface FoundTrace {
  readonly traceID?: string;
  readonly rootServiceName?: string;
  readonly rootTraceName?: string;
  readonly startTimeUnixNano?: string;
  readonly durationMs?: number;
}

/** As Grafana lays out a table of traces: the id leads to the trace. */
export function tracesFrame(traces: readonly FoundTrace[], refId: string, limit: number): DataFrame {
  // Tempo counts a trace once for each block that contains it but lists it once, so it may reach its limit with fewer traces.
  const newestFirst = [...traces].sort((a, b) => start(b) - start(a));
  const column = <T>(name: string, type: FieldType, value: (trace: FoundTrace) => T, config = {}) => ({
    name,
    type,
    values: newestFirst.map(value),
    config: { displayNameFromDS: name, ...config },
  });
  return {
    refId,
    length: newestFirst.length,
    meta: { preferredVisualisationType: "table", ...limitNotice(traces.length * 2, limit, "traces") },
    fields: [
      {
        ...column("traceID", STRING, ({ traceID = "" }) => traceID, {
          displayNameFromDS: "Trace ID",
          unit: "string",
          custom: { width: 240 },
          links: [{ title: "Open the trace", url: `/traces/\${__value.raw}` }],
        }),
      },
      column("startTime", TIME, start, {
        displayNameFromDS: "Start time",
        unit: "time:HH:mm:ss.SSS",
        custom: { width: 116 },
      }),
      column("traceService", STRING, ({ rootServiceName = "" }) => rootServiceName, {
        displayNameFromDS: "Service",
      }),
      column("traceName", STRING, ({ rootTraceName = "" }) => rootTraceName, {
        displayNameFromDS: "Name",
      }),
      column("traceDuration", NUMBER, ({ durationMs = 0 }) => durationMs, {
        displayNameFromDS: "Duration",
        unit: "ms",
        custom: { width: 92 },
      }),
    ],
  };
}

const start = ({ startTimeUnixNano = "" }: FoundTrace) => Math.round(Number(startTimeUnixNano || 0) / 1e6);
