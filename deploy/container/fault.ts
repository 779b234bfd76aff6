import { readFileSync } from "node:fs";
import { LabError } from "@lgtm-lab/contracts";
import {
  DEFAULT_FAULT_MS,
  endFaults,
  type FaultAccess,
  type FaultStatus,
  findStackFault,
  listFaults,
  MAX_FAULT_MS,
  STACK_FAULTS,
  setFault,
} from "@lgtm-lab/faults/client";
import { faultAdminUrls, tokenFile } from "./env.ts";

/**
 * `lab break`, `lab fix` and `lab faults` for containers: `docker compose run --rm fault [<name> [<seconds>] | fix]`.
 * Without arguments it lists the faults and when each active one ends. crash-b needs the native launcher.
 */
const [name, seconds = `${DEFAULT_FAULT_MS / 1000}`] = process.argv.slice(2);
const MAX_SECONDS = MAX_FAULT_MS / 1000;
const available = STACK_FAULTS.filter(({ kills }) => !kills);
/** The exit code for invalid arguments; other failures exit with 1. */
const USAGE = 2;

if (name !== undefined && name !== "fix") checkName(name);
if (!/^\d{1,4}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > MAX_SECONDS)
  fail(`"${seconds}" is not a duration: give a number of seconds from 1 to ${MAX_SECONDS}.`, USAGE);

const token = readToken();
const access: FaultAccess = {
  addresses: (service) => [faultAdminUrls[service]],
  token: () => token,
  launcher: () => undefined,
  hint: "Is the stack up? docker compose up -d",
};

try {
  if (name === "fix") await endFaults(access);
  else if (name !== undefined) await setFault(access, name, { forMs: Number(seconds) * 1000 });
  const faults = (await listFaults(access)).filter(({ fault }) => available.includes(fault));
  // A fault that needs a mechanism is unavailable while this is off.
  const unavailable = faults.find(({ fault, unavailableReason }) => unavailableReason && !fault.needs);
  if (unavailable) fail(`Cannot list the faults: ${unavailable.unavailableReason}. ${access.hint}`);
  for (const fault of faults) console.log(lineOf(fault));
} catch (error) {
  if (error instanceof LabError) fail(error.message);
  throw error;
}

function lineOf({ fault, until, unavailableReason }: FaultStatus): string {
  const state = until === undefined ? "-".padEnd(30) : `until ${new Date(until).toISOString()}`;
  return `${fault.name.padEnd(13)} ${state}  ${fault.effect}${unavailableReason ? ` (${unavailableReason})` : ""}`;
}

function checkName(fault: string): void {
  try {
    findStackFault(fault, available);
  } catch (error) {
    fail(`${(error as LabError).message} "fix" ends all faults.`, USAGE);
  }
}

function readToken(): string {
  try {
    return readFileSync(tokenFile, "utf8").trim();
  } catch {
    return fail(
      `Cannot read ${tokenFile}. The first start of the stack creates this file. Is the stack up? docker compose up -d`,
    );
  }
}

function fail(message: string, exitCode = 1): never {
  console.error(message);
  process.exit(exitCode);
}
