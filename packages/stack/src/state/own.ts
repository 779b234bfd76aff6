import type { Component } from "../components/types.ts";
import type { Ports } from "../ports.ts";
import type { Report } from "../report/events.ts";
import { LabError } from "../report/failure.ts";
import { refuseTakenPorts } from "../spawn/taken-ports.ts";
import { type Guardian, startGuardian } from "../terminate/guardian.ts";
import { stopRecorded } from "../terminate/stop-recorded.ts";
import { claimState, removeClaim } from "./claim.ts";
import { prepareState } from "./prepare.ts";
import { clearRecords } from "./records.ts";

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
