import {
  LabError,
  messageOf,
  type SERVICE_PORTS,
  SERVICES,
  type ServiceName,
  timestamp,
  unknownName,
} from "@lgtm-lab/contracts";
import * as v from "valibot";
import { DEFAULT_FAULT_MS, MAX_FAULT_MS } from "../settings.ts";
import { readPendingKills, setPendingKill } from "./pending-kills.ts";
import { STACK_FAULTS, type StackFault } from "./stack-faults.ts";
import { readFaultToken } from "./token.ts";

const RESPONSE_MS = 5000;

/** Access to the faults of a stack. */
export interface FaultAccess {
  /** The base address of a service's fault admin port. */
  readonly address: (service: ServiceName) => string;
  /** The token of the admin ports. */
  readonly token: () => string;
  /** The state folder of the launcher, which kills components (pending-kills.ts); undefined if none runs. */
  readonly launcher: () => string | undefined;
  /** The fix if a service does not respond; default: `npx lab status`. */
  readonly hint?: string;
}

/** Returns access to the faults of a stack that runs on this machine, from its state folder and its ports. */
export const faultAccessOf = ({
  stateFolder,
  ports,
}: {
  readonly stateFolder: string;
  readonly ports: typeof SERVICE_PORTS;
}): FaultAccess => ({
  address: (service) => `http://127.0.0.1:${ports[SERVICES[service].ports.faultAdmin.variable]}`,
  token: () => readFaultToken(stateFolder),
  launcher: () => stateFolder,
});

/** A fault and its state. */
export interface FaultStatus {
  readonly fault: StackFault;
  /** The time at which it ends, in milliseconds since the epoch; undefined if it is not set. */
  readonly until: number | undefined;
  /** The reason why it cannot be set now; undefined if it can. */
  readonly unavailable: string | undefined;
}

const faultStates = v.array(v.object({ name: v.string(), until: v.nullable(timestamp) }));
type FaultStates = v.InferOutput<typeof faultStates>;

const NO_LAUNCHER =
  "needs the launcher to kill the service, but no launcher is running: start it with `npm start`";

/**
 * Sets a fault on a running stack. It ends after `forMs`, or when {@link endFaults} ends it.
 * @throws LabError for an unknown fault, an invalid duration, or a service that does not respond.
 */
export async function setFault(
  access: FaultAccess,
  name: string,
  { forMs = DEFAULT_FAULT_MS }: { forMs?: number } = {},
): Promise<void> {
  const { at, kills } = findStackFault(name);
  if (!Number.isInteger(forMs) || forMs < 1 || forMs > MAX_FAULT_MS)
    throw new LabError(
      `The duration of a fault must be from 1 ms to ${MAX_FAULT_MS / 60_000} minutes (got ${forMs} ms).`,
    );
  const launcher = access.launcher();
  if (kills && launcher === undefined) throw new LabError(`${name} ${NO_LAUNCHER}.`);
  const responses = await Promise.all(
    at.map((service) => request(access, service, "PUT", `/faults/${name}`, { for_ms: forMs })),
  );
  const silent = at.filter((_, index) => responses[index] === undefined);
  if (silent.length > 0)
    throw new LabError(
      `No service listens at ${silent.map((service) => portOf(access, service)).join(", ")}. ${access.hint ?? "`npx lab status` shows the state of each component."}`,
    );
  if (kills && launcher !== undefined) setPendingKill(launcher, kills, Date.now() + forMs);
}

/**
 * Ends one fault, or all.
 * @returns the names of the faults that were set.
 * @throws LabError for an unknown fault.
 */
export async function endFaults(access: FaultAccess, name?: string): Promise<string[]> {
  const wanted = name === undefined ? STACK_FAULTS : [findStackFault(name)];
  const before = (await listFaults(access)).filter(({ until }) => until !== undefined);
  const launcher = access.launcher();
  for (const { kills } of wanted)
    if (kills && launcher !== undefined) setPendingKill(launcher, kills, undefined);
  const path = name === undefined ? "/faults" : `/faults/${name}`;
  await Promise.all(ownersOf(wanted).map((service) => request(access, service, "DELETE", path)));
  return before.flatMap(({ fault }) => (wanted.includes(fault) ? [fault.name] : []));
}

/** Returns every fault, when it ends, and whether it can be set. */
export async function listFaults(access: FaultAccess): Promise<FaultStatus[]> {
  const owners = ownersOf(STACK_FAULTS);
  const responses = new Map(
    await Promise.all(owners.map(async (service) => [service, await statesOf(access, service)] as const)),
  );
  const launcher = access.launcher();
  const kills = launcher === undefined ? {} : readPendingKills(launcher);
  return STACK_FAULTS.map((fault) => {
    const states = fault.at.map((service) => responses.get(service) ?? "");
    const ends = states.flatMap((state) => {
      const until = typeof state !== "string" && state.find(({ name }) => name === fault.name)?.until;
      return until ? [Date.parse(until)] : [];
    });
    if (fault.kills && kills[fault.kills]) ends.push(kills[fault.kills] ?? 0);
    const unavailable =
      states.find((state) => typeof state === "string") ??
      (fault.kills && launcher === undefined ? `it ${NO_LAUNCHER}` : undefined);
    return { fault, until: ends.length > 0 ? Math.max(...ends) : undefined, unavailable };
  });
}

/** Returns the fault with this name. Throws a LabError that lists all names if it is unknown. */
export function findStackFault(name: string, faults: readonly StackFault[] = STACK_FAULTS): StackFault {
  const found = faults.find((fault) => fault.name === name);
  if (found) return found;
  const names = faults.map((fault) => fault.name);
  throw new LabError(unknownName("fault", name, names));
}

/** Returns the states that an admin port returns, or the reason why it does not. */
async function statesOf(access: FaultAccess, service: ServiceName): Promise<FaultStates | string> {
  try {
    const states = await request(access, service, "GET", "/faults");
    return states ?? `no service listens at ${portOf(access, service)}`;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Sends a request to the fault admin port of a service, which responds with all its faults.
 * @returns undefined if nothing listens there: the service is not running and has no fault.
 * @throws LabError with the response if its status is not 200.
 */
async function request(
  { address, token }: FaultAccess,
  service: ServiceName,
  method: "GET" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<FaultStates | undefined> {
  const url = address(service) + path;
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token()}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(RESPONSE_MS),
  }).catch(() => undefined);
  if (!response) return undefined;
  const text = await response.text();
  if (response.ok) return v.parse(faultStates, JSON.parse(text));
  if (response.status === 401)
    throw new LabError(
      `${url} requires another token, because the stack that runs there has another state folder: set LAB_STATE to that folder`,
    );
  throw new LabError(`${method} ${url} returned ${response.status}: ${text}`);
}

const portOf = (access: FaultAccess, service: ServiceName): string =>
  `the fault admin port of ${service} (${access.address(service)})`;

const ownersOf = (faults: readonly StackFault[]): ServiceName[] => [
  ...new Set(faults.flatMap(({ at }) => at)),
];
