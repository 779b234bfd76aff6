import dns from "node:dns/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  type FurtherInstances,
  GATEWAY_NAMES,
  type GatewayName,
  type GatewayState,
  gatewayState,
  instanceName,
  LabError,
  messageOf,
  portsOfInstances,
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
  /**
   * The base addresses of the fault admin ports of a service's instances, in the order of their numbers. A name with
   * several IPv4 addresses, as in containers, means an instance at each of them.
   */
  readonly addresses: (service: ServiceName) => readonly string[];
  /** The token of the admin ports. */
  readonly token: () => string;
  /** The state folder of the launcher, which kills components (pending-kills.ts); undefined if none runs. */
  readonly launcher: () => string | undefined;
  /** Whether the caller kills the service of a fault, as `lab break` does in Kubernetes. Then it needs no launcher. */
  readonly callerKills?: boolean;
  /** The fix if a service does not respond; default: `npx lab status`. */
  readonly hint?: string;
}

/** Returns access to the faults of a stack that runs on this machine, from its state folder and its ports. */
export const faultAccessOf = ({
  stateFolder,
  ports,
  instances,
}: {
  readonly stateFolder: string;
  readonly ports: typeof SERVICE_PORTS;
  readonly instances?: FurtherInstances | undefined;
}): FaultAccess => ({
  addresses: (service) =>
    portsOfInstances(service, ports, instances).map(
      (own) => `http://127.0.0.1:${own[SERVICES[service].ports.faultAdmin.variable]}`,
    ),
  token: () => readFaultToken(stateFolder),
  launcher: () => stateFolder,
});

/** A fault and its state. */
export interface FaultStatus {
  readonly fault: StackFault;
  /** The time at which it ends, in milliseconds since the epoch; undefined if it is not set. */
  readonly until: number | undefined;
  /** The reason why it cannot be set now; undefined if it can. */
  readonly unavailableReason: string | undefined;
  /** The numbers of the instances in which it is active, if its service has several and not all have it. */
  readonly instances?: readonly number[];
}

const faultStates = v.array(v.object({ name: v.string(), until: v.nullable(timestamp) }));
type FaultStates = v.InferOutput<typeof faultStates>;

/** Returns why a fault that kills a service cannot be set without a launcher, and what to do in each kind of stack. */
const noLauncher = ({ name, kills }: StackFault): string =>
  `needs the launcher to kill the service, but no launcher is running: start it with \`npm start\`. In containers, use \`docker compose stop ${kills}\`; in Kubernetes, \`npx lab break ${name} --context <name>\``;

/**
 * Sets a fault on a running stack, in each instance of its services that runs or only in one. It ends after `forMs`, or
 * when {@link endFaults} ends it.
 * @throws LabError if it cannot be set: for an unknown fault, an invalid duration or instance, a mechanism that is off,
 * a missing launcher, or a service that does not respond.
 */
export async function setFault(
  access: FaultAccess,
  name: string,
  { forMs = DEFAULT_FAULT_MS, instance }: { forMs?: number; instance?: number } = {},
): Promise<void> {
  const fault = findStackFault(name);
  if (!Number.isInteger(forMs) || forMs < 1 || forMs > MAX_FAULT_MS)
    throw new LabError(
      `The duration of a fault must be from 1 ms to ${MAX_FAULT_MS / 60_000} minutes (got ${forMs} ms).`,
    );
  const launcher = access.launcher();
  if (needsLauncher(access, fault)) throw new LabError(`${name} ${noLauncher(fault)}.`);
  const broken = targetOf(fault);
  if (instance !== undefined) await requireInstance(access, fault, instance);
  const missing = fault.needs && whatIsMissing(fault, await readGateways(access));
  if (missing !== undefined) throw new LabError(`${name} cannot be set: ${missing}.`);
  const silent = await Promise.all(
    fault.at.map(async (service) => {
      const all = await adminPorts(access, service);
      const one = instance ?? (fault.inOneInstance ? all.length : undefined);
      const chosen = service === broken && one !== undefined ? all.slice(one - 1, one) : all;
      const responses = await Promise.all(
        chosen.map((port) => request(access, port, "PUT", `/faults/${name}`, faultStates, { for_ms: forMs })),
      );
      if (responses.some((response) => response !== undefined)) return [];
      return chosen.length > 0 ? chosen.map(portText) : noPortText(service);
    }),
  );
  if (silent.flat().length > 0)
    throw new LabError(
      `No service listens at ${silent.flat().join(", ")}. ${access.hint ?? "`npx lab status` shows the state of each component."}`,
    );
  if (!fault.kills || launcher === undefined) return;
  const killed = namesOf(fault.kills, (await adminPorts(access, fault.kills)).length);
  for (const component of instance === undefined ? killed : killed.slice(instance - 1, instance))
    setPendingKill(launcher, component, Date.now() + forMs);
}

/** Returns whether a fault cannot be set because no launcher runs that kills its service. */
const needsLauncher = (access: FaultAccess, { kills }: StackFault): boolean =>
  kills !== undefined && access.callerKills !== true && access.launcher() === undefined;

/** Returns the one service that a fault breaks; undefined for a fault of both gateways. */
const targetOf = ({ kills, at }: StackFault): ServiceName | undefined =>
  kills ?? (at.length === 1 ? at[0] : undefined);

/** Returns why a fault cannot be set now: the mechanism of the gateways that it needs is off. Undefined if it is on. */
function whatIsMissing(
  { needs }: Pick<StackFault, "needs">,
  gateways: readonly GatewayReport[],
): string | undefined {
  if (!needs) return undefined;
  const known = gateways.filter(({ state }) => state !== undefined);
  if (known.length === 0) return gateways[0]?.problem ?? "no gateway responds";
  const without = new Set(known.flatMap(({ name, state }) => (state && !needs.isOn(state) ? [name] : [])));
  if (without.size === 0) return undefined;
  return `it needs ${needs.what}, which ${[...without].join(" and ")} ${without.size > 1 ? "do" : "does"} not have`;
}

/** Throws a LabError if a fault cannot be set in this instance only. */
async function requireInstance(access: FaultAccess, fault: StackFault, instance: number): Promise<void> {
  const service = targetOf(fault);
  if (service === undefined)
    throw new LabError(
      `${fault.name} is a fault of ${fault.at.join(" and ")}, which have one instance each: leave out --instance.`,
    );
  const { length } = await adminPorts(access, service);
  if (!Number.isInteger(instance) || instance < 1 || instance > length)
    throw new LabError(
      length === 1
        ? `--instance ${instance} is not valid: ${service} has one instance.${access.hint === undefined ? ` \`npx lab up --scale ${service}=3\` starts three.` : ""}`
        : `--instance ${instance} is not valid: ${service} has the instances 1 to ${length}.`,
    );
}

/** Returns the names that the launcher gives to the instances of a service. */
const namesOf = (service: ServiceName, instances = 1): string[] =>
  Array.from({ length: instances }, (_, index) => instanceName(service, index + 1));

/**
 * Ends one fault, or all, in every instance.
 * @returns the names of the faults that were set.
 * @throws LabError for an unknown fault.
 */
export async function endFaults(access: FaultAccess, name?: string): Promise<string[]> {
  const wanted = name === undefined ? STACK_FAULTS : [findStackFault(name)];
  const before = (await listFaults(access)).filter(({ until }) => until !== undefined);
  const launcher = access.launcher();
  for (const { kills } of wanted)
    if (kills && launcher !== undefined)
      for (const component of namesOf(kills, (await adminPorts(access, kills)).length))
        setPendingKill(launcher, component, undefined);
  const path = name === undefined ? "/faults" : `/faults/${name}`;
  await Promise.all(
    ownersOf(wanted).map(async (service) =>
      Promise.all(
        (await adminPorts(access, service)).map((port) => request(access, port, "DELETE", path, faultStates)),
      ),
    ),
  );
  return before.flatMap(({ fault }) => (wanted.includes(fault) ? [fault.name] : []));
}

/** Returns every fault, when it ends, and whether it can be set. */
export async function listFaults(access: FaultAccess): Promise<FaultStatus[]> {
  const owners = ownersOf(STACK_FAULTS);
  const responses = new Map(
    await Promise.all(
      owners.map(async (service) => {
        const ports = await adminPorts(access, service);
        const states = await Promise.all(ports.map((port) => statesOf(access, port)));
        return [
          service,
          states.length > 0 ? states : [`no service listens at ${noPortText(service)}`],
        ] as const;
      }),
    ),
  );
  const gateways = await readGateways(access);
  const launcher = access.launcher();
  const kills = launcher === undefined ? {} : readPendingKills(launcher);
  return STACK_FAULTS.map((fault) => {
    const states = fault.at.map((service) => responses.get(service) ?? []);
    const inServices = states.flat().map((state) => endOf(state, fault));
    const target = targetOf(fault);
    /** When it ends in each instance of the service that it breaks. */
    const inInstances = fault.kills
      ? namesOf(fault.kills, responses.get(fault.kills)?.length).map((name) => kills[name])
      : inServices;
    const active = inInstances.flatMap((end, index) => (end === undefined ? [] : [index + 1]));
    const isPartly = target !== undefined && active.length > 0 && active.length < inInstances.length;
    const until = [...inServices, ...inInstances].filter((end) => end !== undefined);
    const silent = states.find((each) => each.every((state) => typeof state === "string"))?.[0];
    const unavailableReason =
      typeof silent === "string"
        ? silent
        : needsLauncher(access, fault)
          ? `it ${noLauncher(fault)}`
          : whatIsMissing(fault, gateways);
    return {
      fault,
      until: until.length > 0 ? Math.max(...until) : undefined,
      unavailableReason,
      ...(isPartly && { instances: active }),
    };
  });
}

/** Returns when a fault ends by the response of an admin port; undefined if it is not active there. */
function endOf(state: FaultStates | string, { name }: StackFault): number | undefined {
  if (typeof state === "string") return undefined;
  const until = state.find((each) => each.name === name)?.until;
  return until ? Date.parse(until) : undefined;
}

/** The state of one gateway process, or the reason why it is not known. */
export interface GatewayReport {
  readonly name: GatewayName;
  /** The address of its fault admin port. */
  readonly address: string;
  readonly state?: GatewayState;
  readonly problem?: string;
}

/** Reads the states of all gateways: their routes, and the instances behind them. */
export async function readGateways(access: FaultAccess): Promise<GatewayReport[]> {
  const all = await Promise.all(GATEWAY_NAMES.map((name) => adminPorts(access, name)));
  return Promise.all(
    all.flat().map(async (port) => {
      const about = { name: port.service as GatewayName, address: port.address };
      try {
        const state = await request(access, port, "GET", "/gateway", gatewayState);
        if (state) return { ...about, state };
        // Other messages contain this text, so it has no period.
        const fix = access.hint === undefined ? "; check `npx lab status`" : "";
        return { ...about, problem: `no service listens at ${portText(port)}${fix}` };
      } catch (error) {
        return { ...about, problem: messageOf(error) };
      }
    }),
  );
}

/** Returns the fault with this name. Throws a LabError that lists all names if it is unknown. */
export function findStackFault(name: string, faults: readonly StackFault[] = STACK_FAULTS): StackFault {
  const found = faults.find((fault) => fault.name === name);
  if (found) return found;
  const names = faults.map((fault) => fault.name);
  throw new LabError(unknownName("fault", name, names));
}

/** The fault admin port of one instance. */
interface AdminPort {
  readonly service: ServiceName;
  readonly address: string;
  /** The `Host` that it accepts, if it is not the one in the address. */
  readonly host?: string;
}

/** Returns the fault admin ports of all instances of a service. */
const adminPorts = async (access: FaultAccess, service: ServiceName): Promise<AdminPort[]> =>
  (await Promise.all(access.addresses(service).map((address) => portsAt(service, address)))).flat();

async function portsAt(service: ServiceName, address: string): Promise<AdminPort[]> {
  const { protocol, hostname, host, port } = new URL(address);
  if (isIP(hostname) !== 0 || hostname.startsWith("[")) return [{ service, address }];
  // The lookup itself has no time limit.
  const found = await Promise.race([
    dns.lookup(hostname, { all: true, family: 4 }).catch(() => []),
    delay(RESPONSE_MS, [], { ref: false }),
  ]);
  if (found.length < 2) return [{ service, address }];
  return found
    .map((each) => each.address)
    .sort()
    .map((ip) => ({ service, address: `${protocol}//${ip}${port && `:${port}`}`, host }));
}

/** Returns the states that an admin port returns, or the reason why it does not. */
async function statesOf(access: FaultAccess, port: AdminPort): Promise<FaultStates | string> {
  try {
    const states = await request(access, port, "GET", "/faults", faultStates);
    return states ?? `no service listens at ${portText(port)}`;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Sends a request to a fault admin port, whose response has this form.
 * @returns undefined if nothing listens there: the service is not running and has no fault.
 * @throws LabError with the response if its status is not 200.
 */
async function request<const Schema extends v.GenericSchema<unknown, unknown>>(
  { token }: FaultAccess,
  { address, host }: AdminPort,
  method: "GET" | "PUT" | "DELETE",
  path: string,
  schema: Schema,
  body?: unknown,
): Promise<v.InferOutput<Schema> | undefined> {
  const url = address + path;
  const response = await send(url, method, {
    headers: { authorization: `Bearer ${token()}`, ...(host && { host }) },
    body: body === undefined ? "" : JSON.stringify(body),
  });
  if (!response) return undefined;
  const { status, text } = response;
  if (status === 200) return v.parse(schema, JSON.parse(text));
  if (status === 401)
    throw new LabError(
      `${url} requires another token, because the stack that runs there has another state folder: set LAB_STATE to that folder`,
    );
  throw new LabError(`${method} ${url} returned ${status}: ${text}`);
}

/** Sends a request. Returns undefined without a response. Not with `fetch`, which does not send another `Host`. */
async function send(
  url: string,
  method: string,
  { headers, body }: { headers: Record<string, string>; body: string },
): Promise<{ status: number | undefined; text: string } | undefined> {
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const signal = AbortSignal.timeout(RESPONSE_MS);
    httpRequest(url, { method, headers, signal }, resolve).once("error", reject).end(body);
    const response = await promise;
    return { status: response.statusCode, text: Buffer.concat(await response.toArray()).toString() };
  } catch {
    return undefined;
  }
}

const portText = ({ service, address }: AdminPort): string =>
  `the fault admin port of ${service} (${address})`;

/** Describes the port of a service that has no instance, for example no ready pod in Kubernetes. */
const noPortText = (service: ServiceName): string => `the fault admin port of ${service}`;

const ownersOf = (faults: readonly StackFault[]): ServiceName[] => [
  ...new Set(faults.flatMap(({ at }) => at)),
];
