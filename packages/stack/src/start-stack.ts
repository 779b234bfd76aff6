import { siteOf } from "./faults/admin-client.ts";
import { breakIt, type FaultStatus, faults, fix } from "./faults/faults.ts";
import { httpAddress, type Ports } from "./ports.ts";
import { LabError } from "./report/failure.ts";
import { freePorts } from "./spawn/free-ports.ts";
import { createStack, type StackOptions } from "./stack.ts";
import type { ComponentRecord } from "./state/records.ts";

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
  const site = siteOf(stack);
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
    breakIt: (name, options) => breakIt(site, name, options),
    fix: (name) => fix(site, name),
    faults: () => faults(site),
    down,
  };
}
