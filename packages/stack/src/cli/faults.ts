import * as client from "@lgtm-lab/faults/client";
import { readEnvironment } from "../env.ts";
import { requireOwner } from "../supervisor/ownership.ts";
import { plainTable } from "../terminal/format.ts";
import { LabError } from "../terminal/messages.ts";

/**
 * Runs `lab break <name>`. Returns the exit code. Throws a LabError for an unknown fault, and if no stack is running.
 */
export async function breakFault(
  name: string,
  options: { for?: string; instance?: string },
): Promise<number> {
  const forMs = options.for === undefined ? client.DEFAULT_FAULT_MS : client.parseDuration(options.for);
  const { instance } = options;
  if (instance !== undefined && !/^[1-9]\d{0,3}$/.test(instance))
    throw new LabError(
      `--instance ${instance} is not valid: it must be the number of an instance, such as 2.`,
    );
  const of = instance === undefined ? {} : { instance: Number(instance) };
  await client.setFault(await accessToFaults(), name, { forMs, ...of });
  const where = instance === undefined ? "" : ` in instance ${instance}`;
  console.log(
    `${name} is active${where} until ${clock(Date.now() + forMs)}; \`npx lab fix\` ends it sooner.`,
  );
  return 0;
}

/** Runs `lab fix [name]`: ends one fault, or all. Returns the exit code. */
export async function fixFault(name: string | undefined): Promise<number> {
  const ended = await client.endFaults(await accessToFaults(), name);
  console.log(fixMessage(ended, name));
  return 0;
}

/** Returns the message of `lab fix` about the faults that it ended. */
export function fixMessage(ended: readonly string[], name: string | undefined): string {
  if (ended.length > 0) return `Ended: ${ended.join(", ")}.`;
  return name === undefined ? "No fault was active." : `${name} was not active.`;
}

/** Runs `lab faults`: lists the faults and which are active. Returns the exit code. */
export async function listFaults(): Promise<number> {
  const faults = await client.listFaults(await accessToFaults());
  const rows = faults.map(({ fault, until, unavailable, instances }) => [
    fault.name,
    fault.does,
    until === undefined ? (unavailable ?? "-") : clock(until) + inInstances(instances),
  ]);
  console.log(plainTable(rows, ["fault", "effect", "active until"]));
  return 0;
}

/** ` (instance 2)`, if a fault is active in some instances of its service only. */
export function inInstances(numbers: readonly number[] | undefined): string {
  if (!numbers) return "";
  return ` (instance${numbers.length > 1 ? "s" : ""} ${numbers.join(", ")})`;
}

async function accessToFaults(): Promise<client.FaultAccess> {
  const { stateFolder } = readEnvironment();
  return client.faultAccessOf({ ...(await requireOwner(stateFolder)), stateFolder });
}

const clock = (time: number): string => new Date(time).toLocaleTimeString("en-GB");
