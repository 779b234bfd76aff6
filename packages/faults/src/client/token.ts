import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OWNER_ONLY = 0o600;

const tokenFile = (stateFolder: string) => join(stateFolder, "run", "fault-admin-token");

/** Creates the token of the fault admin ports of one stack, in a file that only its owner can read. */
export function makeFaultToken(stateFolder: string): string {
  const token = randomBytes(32).toString("base64url");
  rmSync(tokenFile(stateFolder), { force: true }); // an existing file would keep its mode
  writeFileSync(tokenFile(stateFolder), token, { mode: OWNER_ONLY, flag: "wx" });
  return token;
}

/** Returns the token of the stack that runs with this state folder; empty if none runs. */
export function readFaultToken(stateFolder: string): string {
  try {
    return readFileSync(tokenFile(stateFolder), "utf8");
  } catch {
    return "";
  }
}

/** Removes the token when the stack has stopped. */
export function removeFaultToken(stateFolder: string): void {
  rmSync(tokenFile(stateFolder), { force: true });
}
