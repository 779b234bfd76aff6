import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { logFile, openLog } from "../logs/log-file.ts";

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
  const main = join(import.meta.dirname, "guardian-main.ts");
  const guardian = spawn("sh", ["-c", WAIT, process.execPath, main, state], {
    stdio: ["pipe", descriptor, descriptor],
    detached: true,
  });
  closeSync(descriptor);
  guardian.unref();
  guardian.stdin?.on("error", () => {}); // it was killed itself: nothing to guard with any more
  return { release: () => guardian.stdin?.end("released") };
}
