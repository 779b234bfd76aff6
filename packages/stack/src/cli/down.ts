import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import pWaitFor from "p-wait-for";
import { readEnvironment } from "../env.ts";
import { isRunning } from "../programs/processes.ts";
import { readOwner, recover, removeOwner } from "../supervisor/ownership.ts";
import { sendSignal } from "../supervisor/process.ts";
import { LabError } from "../terminal/messages.ts";

const STOP_MS = 90_000;

/** Runs `lab down`: stops the stack of this state folder, even if another process started it. Returns the exit code. */
export async function down(): Promise<number> {
  const { stateFolder } = readEnvironment();
  const owner = readOwner(stateFolder);
  if (!owner?.alive) {
    if (!(await recover(stateFolder))) console.log(`No stack is running with its state in ${stateFolder}.`);
    return 0;
  }
  sendSignal(owner, "SIGTERM");
  await pWaitFor(() => !isRunning(owner), {
    interval: 50,
    timeout: {
      milliseconds: STOP_MS,
      message: new LabError(
        `The launcher (pid ${owner.pid}) has not stopped everything in ${STOP_MS / 1000} s. \`npx lab status\` shows what still runs.\n  fix: kill -9 ${owner.pid}, then \`npx lab down\`, which stops the remaining processes`,
      ),
    },
  });
  removeOwner(stateFolder);
  console.log("Stopped.");
  return 0;
}

/** The folders of the lab in LAB_STATE, besides one for each component and version. */
const OURS = ["alerts", "logs", "run", "prometheus"];

/**
 * Runs `lab reset`: asks for confirmation, then deletes all traces, metrics, logs and alerts. Deletes only the lab's
 * own folders in LAB_STATE. Returns the exit code.
 */
export async function reset({ yes = false }: { yes?: boolean }): Promise<number> {
  const { stateFolder } = readEnvironment();
  await recover(stateFolder);
  const owner = readOwner(stateFolder);
  if (owner)
    throw new LabError(
      `A stack is running in ${stateFolder} (pid ${owner.pid}). Run \`npx lab down\` first.`,
    );
  const { COMPONENTS } = await import("../components/index.ts"); // `lab down` does not need them
  const data = COMPONENTS.map(({ name }) => `${name}-`);
  const folders = (existsSync(stateFolder) ? readdirSync(stateFolder) : []).filter(
    (entry) => OURS.includes(entry) || data.some((prefix) => entry.startsWith(prefix)),
  );
  if (folders.length === 0) {
    console.log(`Nothing to delete in ${stateFolder}.`);
    return 0;
  }
  if (!yes && !(await agreed(`Delete ${folders.join(", ")} in ${stateFolder}? [y/N] `))) return 1;
  for (const entry of folders) rmSync(join(stateFolder, entry), { recursive: true, force: true });
  console.log(`Deleted ${folders.length} folders in ${stateFolder}.`);
  return 0;
}

async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new LabError("Cannot ask for confirmation without a terminal. Use `npx lab reset --yes`.");
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
