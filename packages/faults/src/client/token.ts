import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OWNER_ONLY = 0o600;

const tokenFile = (state: string) => join(state, "run", "fault-admin-token");

/** Creates the token of the fault admin ports of one stack, in a file that only its owner can read. */
export function makeFaultToken(state: string): string {
  const token = randomBytes(32).toString("base64url");
  rmSync(tokenFile(state), { force: true }); // an existing file would keep its mode
  writeFileSync(tokenFile(state), token, { mode: OWNER_ONLY, flag: "wx" });
  return token;
}

/** Returns the token of the stack that runs with this state folder; empty if none runs. */
export function readFaultToken(state: string): string {
  try {
    return readFileSync(tokenFile(state), "utf8");
  } catch {
    return "";
  }
}

/** Removes the token when the stack has stopped. */
export function removeFaultToken(state: string): void {
  rmSync(tokenFile(state), { force: true });
}
