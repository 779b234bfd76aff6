import * as client from "@lgtm-lab/faults/client";
import { readEnvironment } from "../env.ts";
import { requireOwner } from "../supervisor/ownership.ts";
import { plainTable } from "../terminal/format.ts";

/**
 * Runs `lab break <name>`. Returns the exit code. Throws a LabError for an unknown fault, and if no stack is running.
 */
export async function breakFault(name: string, options: { for?: string }): Promise<number> {
  const forMs = options.for === undefined ? client.DEFAULT_FAULT_MS : client.parseDuration(options.for);
  await client.setFault(await accessToFaults(), name, { forMs });
  console.log(`${name} is active until ${clock(Date.now() + forMs)}; \`npx lab fix\` ends it sooner.`);
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
  const rows = (await client.listFaults(await accessToFaults())).map(({ fault, until, unavailable }) => [
    fault.name,
    fault.does,
    until === undefined ? (unavailable ?? "-") : clock(until),
  ]);
  console.log(plainTable(rows, ["fault", "effect", "active until"]));
  return 0;
}

async function accessToFaults(): Promise<client.FaultAccess> {
  const { stateFolder } = readEnvironment();
  const { ports } = await requireOwner(stateFolder);
  return client.faultAccessOf({ stateFolder, ports });
}

const clock = (time: number): string => new Date(time).toLocaleTimeString("en-GB");
