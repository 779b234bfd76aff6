import {
  callsThatMet,
  type FaultLine,
  type LokiStreams,
  readFaultLines,
  setAndEnded,
} from "../timeline/fault-lines.ts";
import { del, get, put } from "./http.ts";

/** A scenario of `lab break`. */
export interface Fault {
  readonly name: string;
  readonly does: string;
  /** Until when it is active (milliseconds since the epoch), nothing while it is not. */
  readonly until: number | undefined;
  /** Why it cannot be had here, if so. */
  readonly unavailable: string | undefined;
}

export const listFaults = async (signal?: AbortSignal): Promise<Fault[]> =>
  (await get<readonly Told[]>("/api/faults", {}, signal)).map(readFault);

export const startFault = (name: string, forMs: number) =>
  put<unknown>(`/api/faults/${encodeURIComponent(name)}`, { for_ms: forMs });

export const endFault = (name: string) => del<unknown>(`/api/faults/${encodeURIComponent(name)}`);

/** When a fault (or any) was set and when it ended, between two times (milliseconds). */
export async function linesOfFault(
  fault: string | undefined,
  [from, to]: readonly [number, number],
  direction: "forward" | "backward",
  signal?: AbortSignal,
): Promise<FaultLine[]> {
  return readFaultLines(await lines(setAndEnded(fault), from, to, direction, 200, signal));
}

/** The first call that met a fault. */
export async function firstBadCall(
  fault: string,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<FaultLine[]> {
  return readFaultLines(await lines(callsThatMet(fault), from, to, "forward", 1, signal));
}

const lines = (
  query: string,
  from: number,
  to: number,
  direction: string,
  limit: number,
  signal?: AbortSignal,
): Promise<LokiStreams> =>
  get<LokiStreams>(
    "/api/loki/query_range",
    { query, start: nanoseconds(from), end: nanoseconds(to), direction, limit },
    signal,
  );

const nanoseconds = (milliseconds: number): string => `${Math.round(milliseconds)}000000`;

interface Told {
  readonly name: string;
  readonly does: string;
  /** ISO 8601; null while it is not active. */
  readonly until: string | null;
  readonly available: boolean;
  readonly problem?: string;
}

const readFault = ({ name, does, until, available, problem }: Told): Fault => ({
  name,
  does,
  until: until === null ? undefined : Date.parse(until),
  unavailable: available ? undefined : (problem ?? "It cannot be had here."),
});
