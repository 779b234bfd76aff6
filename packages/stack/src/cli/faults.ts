import { setTimeout as delay } from "node:timers/promises";
import type { ServiceName } from "@lgtm-lab/contracts";
import * as client from "@lgtm-lab/faults/client";
import { readEnvironment } from "../env.ts";
import { requireOwner } from "../supervisor/ownership.ts";
import { plainTable } from "../terminal/format.ts";
import { LabError } from "../terminal/messages.ts";
import type { Cluster, PodState } from "./cluster.ts";

/** The kubectl context of the cluster; undefined: the stack on this machine. */
interface Target {
  readonly context?: string;
}

/** Runs `lab break <name>`. Returns the exit code. Throws a LabError if the fault cannot be set. */
export async function breakFault(
  name: string,
  options: Target & { readonly for?: string; readonly instance?: string },
): Promise<number> {
  const forMs = options.for === undefined ? client.DEFAULT_FAULT_MS : client.parseDuration(options.for);
  const { instance, context } = options;
  if (instance !== undefined && !/^[1-9]\d{0,3}$/.test(instance))
    throw new LabError(
      `--instance ${instance} is not valid: it must be the number of an instance, such as 2.`,
    );
  const { kills } = client.findStackFault(name);
  if (kills && context !== undefined) {
    if (instance !== undefined)
      throw new LabError(`In Kubernetes, ${name} affects all pods of ${kills}: leave out --instance.`);
    return killPods(context, name, kills, forMs);
  }
  const of = instance === undefined ? {} : { instance: Number(instance) };
  await withFaults(options, (faults) => client.setFault(faults, name, { forMs, ...of }), "ready");
  const where = instance === undefined ? "" : ` in instance ${instance}`;
  console.log(
    `${name} is active${where} until ${clock(Date.now() + forMs)}; \`${fixCommand(context)}\` ends it sooner.`,
  );
  return 0;
}

const fixCommand = (context: string | undefined): string =>
  context === undefined ? "npx lab fix" : `npx lab fix --context ${context}`;

/** The time between two deletions of the pods. A new pod needs longer to become ready. */
const DELETE_MS = 2000;

/** How many reconnections in a row may fail. One can fail while a gateway is replaced. */
const RECONNECT_FAILURES = 1;

/** Returns whether a gateway reports a fault; undefined if none does, and one of them does not respond. */
async function isActive(faults: client.FaultAccess, name: string): Promise<boolean | undefined> {
  const state = (await client.listFaults(faults)).find(({ fault }) => fault.name === name);
  if (state?.until !== undefined) return true;
  return state?.unavailableReason === undefined ? false : undefined;
}

/**
 * Sets a fault that kills a service in Kubernetes. No program in the cluster has the right to delete pods, so this process
 * deletes them until the fault ends: its time has passed, the user interrupts, or the gateways, which hold its state, no longer report it.
 */
async function killPods(context: string, name: string, service: ServiceName, forMs: number): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
  const deleted = new Set<string>();
  let cluster = await connectTo(context, "ready");
  try {
    await client.setFault(cluster.faults, name, { forMs });
    // After setFault, so that this command does not end before the fault does at the gateways.
    const until = Date.now() + forMs;
    console.log(
      `${name} is active until ${clock(until)}: until then, this command deletes the pods of ${service}. Ctrl-C or \`${fixCommand(context)}\` ends it sooner.`,
    );
    let failures = 0;
    while (!interrupted.signal.aborted && Date.now() < until) {
      let active = await isActive(cluster.faults, name);
      if (active === undefined) {
        // A connection ends with its pod.
        await cluster[Symbol.asyncDispose]();
        try {
          cluster = await connectTo(context, "running");
          active = await isActive(cluster.faults, name);
          if (active === undefined)
            throw new LabError(
              `No gateway reports whether ${name} is active, so no more pods of ${service} are deleted.`,
            );
        } catch (error) {
          failures += 1;
          if (failures > RECONNECT_FAILURES) throw error;
        }
      }
      if (active === false) break;
      if (active) {
        failures = 0;
        for (const pod of await cluster.deletePods(service)) deleted.add(pod);
      }
      await delay(DELETE_MS, undefined, { signal: interrupted.signal });
    }
  } catch (error) {
    // Ctrl-C also ends the kubectl processes, so an error after it is expected.
    if (!interrupted.signal.aborted) {
      await client.endFaults(cluster.faults, name);
      throw error;
    }
  } finally {
    await cluster[Symbol.asyncDispose]();
  }
  if (interrupted.signal.aborted) await withFaults({ context }, (faults) => client.endFaults(faults, name));
  console.log(`${name} has ended. Deleted pods of ${service}: ${deleted.size}.`);
  return 0;
}

/** Runs `lab fix [name]`: ends one fault, or all. Returns the exit code. */
export async function fixFault(name: string | undefined, target: Target): Promise<number> {
  const ended = await withFaults(target, async (faults, cluster) => {
    await reportUnreachable(cluster);
    return client.endFaults(faults, name);
  });
  console.log(fixMessage(ended, name));
  return 0;
}

/** Prints which pods of a cluster cannot be reached. A pod that is still starting is listed too; it has no fault. */
async function reportUnreachable(cluster: Cluster | undefined): Promise<void> {
  const pods = (await cluster?.unreachable()) ?? [];
  if (pods.length > 0)
    console.error(
      `Not reached: ${pods.join(", ")}. A fault that is set there ends when its time has passed.`,
    );
}

/** Returns the message of `lab fix` about the faults that it ended. */
export function fixMessage(ended: readonly string[], name: string | undefined): string {
  if (ended.length > 0) return `Ended: ${ended.join(", ")}.`;
  return name === undefined ? "No fault was active." : `${name} was not active.`;
}

/** Runs `lab faults`: lists the faults and which are active. Returns the exit code. */
export async function listFaults(target: Target): Promise<number> {
  const faults = await withFaults(target, async (access, cluster) => {
    await reportUnreachable(cluster);
    return client.listFaults(access);
  });
  const rows = faults.map(({ fault, until, unavailableReason, instances }) => [
    fault.name,
    fault.effect,
    until === undefined ? (unavailableReason ?? "-") : clock(until) + inInstances(instances),
  ]);
  console.log(plainTable(rows, ["fault", "effect", "active until"]));
  return 0;
}

/** ` (instance 2)`, if a fault is active in some instances of its service only. */
export function inInstances(numbers: readonly number[] | undefined): string {
  if (!numbers) return "";
  return ` (instance${numbers.length > 1 ? "s" : ""} ${numbers.join(", ")})`;
}

/** Calls `use` with access to the faults of the stack on this machine, or of the services in a cluster. */
async function withFaults<Result>(
  { context }: Target,
  use: (faults: client.FaultAccess, cluster?: Cluster) => Promise<Result>,
  pods: PodState = "running",
): Promise<Result> {
  if (context !== undefined) {
    await using cluster = await connectTo(context, pods);
    return await use(cluster.faults, cluster);
  }
  const { stateFolder } = readEnvironment();
  return use(client.faultAccessOf({ ...(await requireOwner(stateFolder)), stateFolder }));
}

/** Only a cluster needs these modules. */
const connectTo = async (context: string, pods: PodState): Promise<Cluster> =>
  (await import("./cluster.ts")).connectToCluster(context, pods);

const clock = (time: number): string => new Date(time).toLocaleTimeString("en-GB");
