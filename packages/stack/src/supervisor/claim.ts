import { join } from "node:path";
import type { Ports } from "../ports.ts";
import { type Held, readLock, releaseLock, takeLock } from "../programs/lock.ts";
import { isRunning } from "../programs/process-info.ts";
import { runFolder } from "./records.ts";

export interface StackInfo {
  readonly mode: "foreground" | "detached";
  readonly ports: Ports;
  readonly startedAt: number;
}

export type Claim = Held<StackInfo>;

const claimFile = (state: string) => join(runFolder(state), "stack.json");

/**
 * Makes this process the owner of a state folder: one stack at a time.
 * @returns nothing when it is ours, otherwise the stack that runs there.
 */
export function claimState(state: string, info: StackInfo): Claim | undefined {
  return takeLock(claimFile(state), info);
}

/** The stack of a state folder and whether its owner still lives; nothing when there is none. */
export function readClaim(state: string): (Claim & { alive: boolean }) | undefined {
  const claim = readLock<StackInfo>(claimFile(state));
  return claim && { ...claim, alive: isRunning(claim) };
}

/** Gives the state folder free. */
export function removeClaim(state: string): void {
  releaseLock(claimFile(state));
}
