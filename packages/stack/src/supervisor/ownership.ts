import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { type Component, STAGES } from "../components/component.ts";
import type { Ports } from "../ports.ts";
import { isRunning } from "../programs/process-info.ts";
import type { Report } from "../terminal/events.ts";
import { LabError } from "../terminal/failure.ts";
import { claimState, readClaim, removeClaim } from "./claim.ts";
import { refuseTakenPorts } from "./free-ports.ts";
import { logFile, openLog } from "./logs.ts";
import { terminate } from "./process.ts";
import { clearRecords, prepareState, readRecords } from "./records.ts";

export interface Ownership {
  /** Nothing runs any more: the folder is free, and there is nothing left to guard. */
  readonly giveBack: () => void;
}

/**
 * Makes this process the owner of a state folder and its ports: what a killed owner has left is stopped first, and should
 * this one be killed, a guardian stops everything (a detached stack is meant to live on).
 * @throws LabError when the folder cannot be used, a stack runs there already, or a port is in use.
 */
export async function own(
  state: string,
  options: {
    components: readonly Component[];
    ports: Ports;
    mode: "foreground" | "detached";
    report: Report;
  },
): Promise<Ownership> {
  const { components, ports, mode, report } = options;
  prepareState(state);
  const other = claimState(state, { mode, ports, startedAt: Date.now() });
  if (other)
    throw new LabError(
      `A stack is already running in ${state} (pid ${other.pid}). Stop it with \`lab down\`.`,
    );
  let guardian: Guardian | undefined;
  try {
    const left = await stopRecorded(state);
    if (left.length > 0) report({ type: "note", text: leftovers(left) });
    await refuseTakenPorts(components, ports);
    guardian = mode === "foreground" ? startGuardian(state) : undefined;
  } catch (error) {
    removeClaim(state);
    throw error;
  }
  return {
    giveBack: () => {
      clearRecords(state);
      removeClaim(state);
      guardian?.release();
    },
  };
}

/** What is said of components that outlived their owner. */
export function leftovers(stopped: readonly string[]): string {
  return `The previous launcher was killed. Stopped its remaining processes: ${stopped.join(", ")}.`;
}

/**
 * Every command begins with this: when the stack's owner was killed, what it left behind is stopped.
 * @returns whether there was anything to stop.
 */
export async function recover(state: string): Promise<boolean> {
  const claim = readClaim(state);
  if (claim?.alive) return false;
  const stopped = await stopRecorded(state);
  if (claim) removeClaim(state);
  if (stopped.length === 0) return false;
  console.error(leftovers(stopped));
  return true;
}

/**
 * Stops what a dead launcher left behind, in the stack's stop order, by its pid files.
 * @returns the names of the components that were still running.
 */
export async function stopRecorded(state: string): Promise<string[]> {
  const left = readRecords(state).filter((record) => record.process && isRunning(record.process));
  for (const stage of STAGES) {
    const together = left.filter((record) => record.stage === stage);
    await Promise.all(
      together.map(({ process, graceMs }) => (process ? terminate(process, { graceMs }) : undefined)),
    );
  }
  clearRecords(state);
  return left.map(({ name }) => name);
}

export interface Guardian {
  /** Lets the guardian go: everything was stopped in the regular way. */
  release(): void;
}

/** A shell waits instead of Node, because a waiting Node process takes 15 MB. */
const WAIT = 'read -r said; [ "$said" = released ] || exec "$0" "$@"';

/**
 * Starts the process that stops the stack should this one be killed. It holds the reading end of a pipe: when this
 * process ends, in whatever way, the pipe ends too, and unless it was released first the guardian acts.
 */
export function startGuardian(state: string): Guardian {
  const { descriptor } = openLog(logFile(state, "guardian"));
  const main = join(import.meta.dirname, "guardian.ts");
  const guardian = spawn("sh", ["-c", WAIT, process.execPath, main, state], {
    stdio: ["pipe", descriptor, descriptor],
    detached: true,
  });
  closeSync(descriptor);
  guardian.unref();
  guardian.stdin?.on("error", () => {}); // it was killed itself: nothing to guard with any more
  return { release: () => guardian.stdin?.end("released") };
}
