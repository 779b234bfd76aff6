import pWaitFor from "p-wait-for";
import { readEnvironment } from "../env.ts";
import { isRunning } from "../programs/process-info.ts";
import { readOwner, recover, removeOwner } from "../supervisor/ownership.ts";
import { send } from "../supervisor/process.ts";
import { LabError } from "../terminal/failure.ts";

const STOP_MS = 90_000;

/** Runs `lab down`: stops the stack of this state folder, even if another process started it. Returns the exit code. */
export async function down(): Promise<number> {
  const { state } = readEnvironment();
  const owner = readOwner(state);
  if (!owner?.alive) {
    if (!(await recover(state))) console.log("No stack is running here.");
    return 0;
  }
  send(owner, "SIGTERM");
  await pWaitFor(() => !isRunning(owner), {
    interval: 50,
    timeout: {
      milliseconds: STOP_MS,
      message: new LabError(
        `The supervisor (pid ${owner.pid}) has not stopped everything in ${STOP_MS / 1000} s.`,
      ),
    },
  });
  removeOwner(state);
  console.log("Stopped.");
  return 0;
}
