import { readEnvironment } from "../env.ts";
import { type FaultSite, siteOf } from "../faults/admin-client.ts";
import { parseDuration } from "../faults/duration.ts";
import * as running from "../faults/faults.ts";
import { readClaim } from "../state/claim.ts";
import { recover } from "../supervisor/ownership.ts";
import { LabError } from "../terminal/failure.ts";
import { plainTable } from "../terminal/format.ts";

/** `lab break <name>`; the exit code. Throws a LabError for an unknown fault, and if no stack is running. */
export async function breakFault(name: string, options: { for?: string }): Promise<number> {
  const forMs = options.for === undefined ? running.DEFAULT_FOR_MS : parseDuration(options.for);
  await running.breakIt(await runningStack(), name, { forMs });
  console.log(`${name} is active until ${clock(Date.now() + forMs)}; \`npx lab fix\` ends it sooner.`);
  return 0;
}

/** `lab fix [name]`: ends one fault, or all; the exit code. */
export async function fixFault(name: string | undefined): Promise<number> {
  const ended = await running.fix(await runningStack(), name);
  console.log(ended.length > 0 ? `Ended: ${ended.join(", ")}.` : `${name ?? "No fault"} was not active.`);
  return 0;
}

/** `lab faults`: what can be broken, and what is; the exit code. */
export async function listFaults(): Promise<number> {
  const rows = (await running.faults(await runningStack())).map(({ scenario, until, unavailable }) => [
    scenario.name,
    scenario.does,
    until === undefined ? (unavailable ?? "-") : clock(until),
  ]);
  console.log(plainTable(rows, ["fault", "what it does", "active until"]));
  return 0;
}

async function runningStack(): Promise<FaultSite> {
  const { state } = readEnvironment();
  await recover(state);
  const claim = readClaim(state);
  if (claim?.alive) return siteOf({ state, ports: claim.ports });
  throw new LabError(`No stack is running with its state in ${state}. Start one with \`npx lab up\`.`);
}

const clock = (time: number): string => new Date(time).toLocaleTimeString("en-GB");
