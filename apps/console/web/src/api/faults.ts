import { SERVICE_NAMES } from "@lgtm-lab/contracts/services";
import type { FaultEntry } from "../../../shared/api.ts";
import { type Line, nanosecondsToMs } from "../lines/read.ts";
import { del, get, put } from "./http.ts";
import { fetchLogLines } from "./loki.ts";

/** A fault of `lab break`. */
export interface Fault {
  readonly name: string;
  readonly effect: string;
  /** The end of the active fault: Unix time in milliseconds. */
  readonly until: number | undefined;
  /** The reason why the fault cannot be set now. */
  readonly unavailableReason: string | undefined;
}

/** Fetches all faults and their states. */
export const listFaults = async (signal?: AbortSignal): Promise<Fault[]> =>
  (await get<readonly FaultEntry[]>("/api/faults", {}, signal)).map(readFault);

/** Sets a fault for a duration. */
export const setFault = (name: string, forMs: number) =>
  put<readonly FaultEntry[]>(`/api/faults/${encodeURIComponent(name)}`, { for_ms: forMs });

/** Ends a fault. */
export const endFault = (name: string) =>
  del<readonly FaultEntry[]>(`/api/faults/${encodeURIComponent(name)}`);

/** Fetches the log lines about the start and end of a fault, or of all faults, between two times in milliseconds. */
export async function linesOfFault(
  fault: string | undefined,
  [from, to]: readonly [number, number],
  direction: "forward" | "backward",
  signal?: AbortSignal,
): Promise<FaultLine[]> {
  return readFaultLines(
    await fetchLogLines(setAndEndedQuery(fault), { from, to, direction, limit: 200 }, signal),
  );
}

/** Fetches the log line of the first call that a fault affected, if there is one. */
export async function firstAffectedCall(
  fault: string,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<FaultLine | undefined> {
  const range = { from, to, direction: "forward", limit: 1 } as const;
  const [line] = readFaultLines(await fetchLogLines(affectedCallsQuery(fault), range, signal));
  return line;
}

const readFault = ({ name, effect, until, unavailableReason }: FaultEntry): Fault => ({
  name,
  effect,
  until: until === null ? undefined : Date.parse(until),
  unavailableReason,
});

/** A log line about a fault that was set, affected a call, or ended. */
export interface FaultLine {
  readonly kind: "set" | "affected" | "ended";
  readonly fault: string;
  readonly service: string;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** Only for `set`: the intended duration. */
  readonly forMs?: number;
  /** Only for `ended`: whether a user ended the fault before its timer did. */
  readonly endedByUser?: boolean;
  /** Only for `affected`. */
  readonly traceId?: string;
}

const NAME = /^[a-z][a-z0-9-]{0,40}$/;

/** Returns whether a string is a valid name of a fault, and therefore safe in a query. */
export const isFaultName = (text: string): boolean => NAME.test(text);

const SERVICE_SELECTOR = `{service_name=~"${SERVICE_NAMES.join("|")}"}`;

/** Returns LogQL for the lines about the start and end of a fault, or of all faults. */
const setAndEndedQuery = (fault?: string): string =>
  `${SERVICE_SELECTOR} |~ "fault ${fault ?? "[a-z0-9-]+"} (is set|has ended)"`;

/** Returns LogQL for the calls that a fault affected. A line lists several faults as `slow-a,slow-b`. */
const affectedCallsQuery = (fault: string): string =>
  `${SERVICE_SELECTOR} |= "call affected by fault" | json fault="fault" | fault=~"(.+,)?${fault}(,.+)?"`;

/** Reads the log lines about faults, oldest first. Ignores other lines. */
export function readFaultLines(lines: readonly Line[]): FaultLine[] {
  return lines.flatMap((line) => readFaultLine(line) ?? []).sort((a, b) => a.at - b.at);
}

function readFaultLine({ time, traceId, fields }: Line): FaultLine | undefined {
  const { fault = "", msg = "", service_name: service = "" } = fields;
  const at = nanosecondsToMs(time);
  if (!Number.isFinite(at) || fault === "" || !fault.split(",").every(isFaultName)) return undefined;
  const base = { fault, at, service };
  const forMs = Number(fields.for_ms ?? Number.NaN);
  if (msg.endsWith("is set")) return { kind: "set", ...base, ...(Number.isFinite(forMs) && { forMs }) };
  if (msg.includes("has ended"))
    return { kind: "ended", ...base, endedByUser: msg.endsWith("it was cleared") };
  if (!msg.startsWith("call affected by fault")) return undefined;
  return { kind: "affected", ...base, ...(traceId && { traceId }) };
}
