import type { LokiStreams } from "../../timeline/fault-lines.ts";

/** One log line of a request, as much of it as is shown. */
export interface LogLine {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly level: string;
  readonly message: string;
  /** Its other fields, as they are worth reading. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly fault: string | undefined;
}

const SHOWN = ["fault", "route", "rpc_method", "status", "rpc_response_status_code", "duration_ms"];

/** The lines of one trace in Loki's answer, in the order in which they were written. */
export function readLogLines(answer: LokiStreams): LogLine[] {
  const lines = (answer.data?.result ?? []).flatMap(({ values = [], stream = {} }) =>
    values.map(([time, text], index) => {
      const line = parse(text);
      const word = (name: string) => (typeof line[name] === "string" ? line[name] : undefined);
      return {
        id: `${time} ${stream.service_name ?? ""} ${index}`,
        order: BigInt(/^\d+$/.test(time) ? time : 0),
        at: Number(time) / 1e6,
        service: stream.service_name ?? word("service_name") ?? "",
        level: stream.level ?? word("level") ?? "",
        message: word("msg") ?? text,
        fields: SHOWN.flatMap((name) =>
          line[name] === undefined ? [] : [[name, String(line[name])] as const],
        ),
        fault: word("fault"),
      };
    }),
  );
  return lines
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    .map(({ order: _, ...line }) => line);
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
