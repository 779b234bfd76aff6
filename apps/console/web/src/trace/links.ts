import { linesOfTrace, NO_FILTER, writeLogql } from "../lines/logql.ts";
import type { Trace } from "./tree.ts";

/** The line of a request is written at its end, a stream's up to a minute after an inner span. */
const AROUND_MS = 120_000;

/** The times of a trace, in milliseconds since 1970. */
export const timesOf = (trace: Trace) => ({
  from: trace.startedAt + trace.from,
  to: trace.startedAt + trace.to,
});

/** The logs view with the lines of a trace, of one of its services or of all. */
export function logsOf(id: string, trace: Trace, service?: string): string {
  const query = service ? writeLogql({ ...NO_FILTER, service, trace: id }) : linesOfTrace(id);
  const { from, to } = timesOf(trace);
  const [start, end] = [Math.floor(from - AROUND_MS), Math.ceil(to + AROUND_MS)];
  return `/logs?${new URLSearchParams({ query, from: String(start), to: String(end) })}`;
}
