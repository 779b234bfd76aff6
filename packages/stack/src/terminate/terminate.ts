import pWaitFor from "p-wait-for";
import { isRunning, type ProcessIdentity } from "../spawn/process-info.ts";

const POLL_MS = 20;
/** From SIGKILL to the end: only a process stuck in the kernel takes longer. */
const KILL_MS = 10_000;

export type Ending = "was gone" | "stopped" | "killed" | "survived";

/** Ends a process: SIGTERM, then, when it is still there after its grace, SIGKILL. Never touches a stranger's pid. */
export async function terminate(target: ProcessIdentity, { graceMs }: { graceMs: number }): Promise<Ending> {
  if (!send(target, "SIGTERM")) return "was gone";
  if (await goneWithin(target, graceMs)) return "stopped";
  send(target, "SIGKILL");
  return (await goneWithin(target, KILL_MS)) ? "killed" : "survived";
}

/**
 * Sends a signal to a process and to its group, which it leads.
 * @returns false when that process is not there any more.
 */
export function send(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(target)) return false;
  for (const address of [-target.pid, target.pid]) {
    try {
      return process.kill(address, signal);
    } catch {
      // No group of that id: it never came to lead one. Then to the process alone.
    }
  }
  return false;
}

async function goneWithin(target: ProcessIdentity, milliseconds: number): Promise<boolean> {
  return await pWaitFor(() => !isRunning(target), {
    interval: POLL_MS,
    timeout: { milliseconds, fallback: () => false },
  }).then((answer) => answer !== false);
}
