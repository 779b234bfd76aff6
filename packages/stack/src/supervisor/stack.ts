import {
  closePendingKills,
  endFaults,
  type FaultStatus,
  listFaults,
  makeFaultToken,
  openPendingKills,
  readPendingKills,
  removeFaultToken,
  setFault,
  watchPendingKills,
} from "@lgtm-lab/faults/client";
import pLimit from "p-limit";
import { type Component, STAGES } from "../components/component.ts";
import { COMPONENTS } from "../components/index.ts";
import { type Environment, readEnvironment } from "../env.ts";
import { httpAddress, type Ports } from "../ports.ts";
import { REPOSITORY } from "../repository.ts";
import type { Report } from "../terminal/events.ts";
import { LabError } from "../terminal/failure.ts";
import { faultAccessOf } from "./fault-access.ts";
import { freePorts } from "./free-ports.ts";
import type { Scene } from "./launch.ts";
import { boundLogs } from "./logs.ts";
import { own } from "./ownership.ts";
import type { ComponentRecord } from "./records.ts";
import { RESTART_POLICY, type RestartPolicy } from "./restart-policy.ts";
import { createTargetLists } from "./scrape-targets.ts";
import { createUnit, type Unit } from "./unit.ts";

const BUILDS_AT_ONCE = 2;
const TARGET_AFTER_MS = 120_000;

export interface StackOptions {
  readonly environment?: Environment;
  /** Where data, logs and pid files go; default: the environment's. */
  readonly state?: string;
  readonly ports?: Ports;
  readonly components?: readonly Component[];
  /** More environment for single components, by name: `{ "service-a": { LOKI_URL: "http://127.0.0.1:1" } }`. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly report?: Report;
  readonly restartPolicy?: RestartPolicy;
  /**
   * Time after which a component that is not ready counts as down, in milliseconds since its program was available or could
   * not be obtained. Default: two minutes.
   */
  readonly targetAfterMs?: number;
  /** A detached stack outlives its supervisor, and has no guardian. */
  readonly mode?: "foreground" | "detached";
}

/** A stack that may be starting, running or stopping. */
export interface Stack {
  readonly state: string;
  readonly ports: Ports;
  /** Starts everything at once; resolves when each component is ready, skipped or failed. */
  readonly start: () => Promise<{ failed: readonly string[] }>;
  /** Adds one more component to a stack that runs. */
  readonly add: (component: Component) => Promise<void>;
  readonly units: () => readonly Unit[];
  /** One component of the stack. Throws a LabError when there is none of that name. */
  readonly unit: (name: string) => Unit;
  /** Stops everything in stop order: each component gets its grace, or `graceMs`. Idempotent. */
  readonly down: (options?: { graceMs?: number }) => Promise<void>;
}

/**
 * Makes a stack of a state folder and ports, which this process then owns.
 * @throws LabError when a stack runs there already, or a port is in use.
 */
export async function createStack(options: StackOptions = {}): Promise<Stack> {
  const { components = COMPONENTS, mode = "foreground", report = () => {} } = options;
  const environment = options.environment ?? readEnvironment();
  const { state, ports } = { ...environment, ...options };
  const stopping = new AbortController();
  const ownership = await own(state, { components, ports, mode, report });
  openPendingKills(state);
  const targets = createTargetLists(state, components, ports, (text) => report({ type: "note", text }));
  const scene: Scene = {
    root: REPOSITORY,
    state,
    ports,
    environment,
    overrides: options.env ?? {},
    restartPolicy: options.restartPolicy ?? RESTART_POLICY,
    faultToken: makeFaultToken(state),
    hasPendingKill: (name) => name in readPendingKills(state),
    targets,
    targetAfterMs: options.targetAfterMs ?? TARGET_AFTER_MS,
    slots: pLimit(BUILDS_AT_ONCE),
    report,
    signal: stopping.signal,
  };

  const units = components.map((component) => createUnit(component, scene));
  const names = () => units.map((unit) => unit.component.name);
  const unboundLogs = boundLogs(state, names);
  const unwatchPendingKills = watchPendingKills(state, (kills) => {
    for (const unit of units)
      if (unit.component.name in kills && unit.record().state === "ready") unit.kill("SIGKILL");
  });
  let started = false;
  let ended: Promise<void> | undefined;

  async function start() {
    const outcomes = await Promise.allSettled(units.map((unit) => unit.start()));
    stopping.signal.throwIfAborted();
    started = true;
    return { failed: names().filter((_, index) => outcomes[index]?.status === "rejected") };
  }

  async function add(component: Component) {
    const unit = createUnit(component, scene);
    units.push(unit);
    await unit.start();
  }

  function unit(name: string) {
    const found = units.find(({ component }) => component.name === name);
    if (found) return found;
    throw new LabError(`There is no ${name} in this stack, but ${names().join(", ")}.`);
  }

  function down(how: { graceMs?: number } = {}): Promise<void> {
    if (ended && how.graceMs !== undefined) return stopAll(how); // in a hurry now
    ended ??= end(how);
    return ended;
  }

  async function end(how: { graceMs?: number }) {
    stopping.abort(new LabError("The stack is being stopped."));
    await stopAll(how);
    unboundLogs();
    unwatchPendingKills();
    closePendingKills(state);
    removeFaultToken(state);
    ownership.giveBack();
  }

  /** In stop order; before everything has been up there is nothing to lose, so all at once. */
  async function stopAll(how: { graceMs?: number }) {
    const inOrder = STAGES.map((stage) => units.filter(({ component }) => component.stage === stage));
    for (const group of started ? inOrder : [units]) await Promise.all(group.map((unit) => unit.stop(how)));
  }

  return { state, ports, start, add, units: () => units, unit, down };
}

export interface StartOptions extends Omit<StackOptions, "ports"> {
  /** `free`: free ports, so that it runs beside any other stack. Default: the environment's. */
  readonly ports?: Ports | "free";
}

/** A stack in which everything is ready. */
export interface RunningStack {
  readonly state: string;
  readonly ports: Ports;
  /** `http://127.0.0.1:<port>` of a component: the first of its ports, which for the services is the HTTP one. */
  readonly address: (name: string) => string;
  /** Resolves when the component is ready again. Throws a LabError when it does not get there. */
  readonly startComponent: (name: string) => Promise<void>;
  /** SIGTERM, after its grace SIGKILL; resolves when it is gone. It stays away until `startComponent`. */
  readonly stopComponent: (name: string) => Promise<void>;
  /** Sends a signal as a stranger would: a component that dies of it is started again by the restart policy. */
  readonly killComponent: (name: string, signal?: NodeJS.Signals) => void;
  /** The process that runs now; nothing while there is none. */
  readonly pid: (name: string) => number | undefined;
  /** State, version, restarts, reason of the last failure. */
  readonly record: (name: string) => ComponentRecord;
  /** Sets a fault, as `lab break` does; by default for five minutes. Throws a LabError for a name that is none. */
  readonly breakIt: (name: string, options?: { forMs?: number }) => Promise<void>;
  /** Ends a fault, or all; the names of those that were set. */
  readonly fix: (name?: string) => Promise<string[]>;
  /** Every fault, and until when it is active. */
  readonly faults: () => Promise<FaultStatus[]>;
  /** Stops everything; resolves when no process is left. Idempotent. */
  readonly down: () => Promise<void>;
}

/**
 * Starts a stack in this process, which owns it: should this process be killed, the stack is stopped.
 * @throws LabError when anything does not become ready; what was started is stopped first.
 */
export async function startStack({ ports, ...options }: StartOptions = {}): Promise<RunningStack> {
  const chosen = ports === "free" ? await freePorts() : ports;
  const stack = await createStack({ ...options, ...(chosen && { ports: chosen }) });
  const { failed } = await stack.start();
  if (failed.length > 0) {
    const reasons = failed.map((name) => stack.unit(name).record().reason);
    await stack.down();
    throw new LabError(reasons.join("\n"));
  }
  const { state, unit, down } = stack;
  const access = faultAccessOf(stack);
  return {
    state,
    ports: stack.ports,
    address: (name) => {
      const [port] = unit(name).component.ports;
      if (!port) throw new LabError(`${name} has no port.`);
      return httpAddress(stack.ports, port);
    },
    startComponent: (name) => unit(name).start(),
    stopComponent: (name) => unit(name).stop(),
    killComponent: (name, signal = "SIGKILL") => unit(name).kill(signal),
    pid: (name) => unit(name).record().process?.pid,
    record: (name) => unit(name).record(),
    breakIt: (name, options) => setFault(access, name, options),
    fix: (name) => endFaults(access, name),
    faults: () => listFaults(access),
    down,
  };
}
