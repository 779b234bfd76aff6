import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OWNER_ONLY = 0o600;

const tokenFile = (state: string) => join(state, "run", "fault-admin-token");

/** Makes the token that opens the fault admin ports of one stack, and keeps it where only its owner can read it. */
export function makeFaultToken(state: string): string {
  const token = randomBytes(32).toString("base64url");
  rmSync(tokenFile(state), { force: true }); // the mode of a file that exists would stay as it is
  writeFileSync(tokenFile(state), token, { mode: OWNER_ONLY, flag: "wx" });
  return token;
}

/** The token of the stack that runs there; empty when there is none. */
export function readFaultToken(state: string): string {
  try {
    return readFileSync(tokenFile(state), "utf8");
  } catch {
    return "";
  }
}

/** The stack is gone, and its token with it. */
export function removeFaultToken(state: string): void {
  rmSync(tokenFile(state), { force: true });
}
