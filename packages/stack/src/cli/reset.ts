import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { COMPONENTS } from "../components/index.ts";
import { readEnvironment } from "../env.ts";
import { readOwner, recover } from "../supervisor/ownership.ts";
import { LabError } from "../terminal/failure.ts";

const OURS = ["alerts", "logs", "run", "prometheus"];

/**
 * Runs `lab reset`: asks for confirmation, then deletes all traces, metrics, logs and alerts. Deletes only the lab's
 * own folders in LAB_STATE. Returns the exit code.
 */
export async function reset({ yes = false }: { yes?: boolean }): Promise<number> {
  const { state } = readEnvironment();
  await recover(state);
  const owner = readOwner(state);
  if (owner)
    throw new LabError(`A stack is running in ${state} (pid ${owner.pid}). Run \`npx lab down\` first.`);
  const data = COMPONENTS.map(({ name }) => `${name}-`);
  const folders = (existsSync(state) ? readdirSync(state) : []).filter(
    (entry) => OURS.includes(entry) || data.some((prefix) => entry.startsWith(prefix)),
  );
  if (folders.length === 0) {
    console.log(`Nothing to delete in ${state}.`);
    return 0;
  }
  if (!yes && !(await agreed(`Delete ${folders.join(", ")} in ${state}? [y/N] `))) return 1;
  for (const entry of folders) rmSync(join(state, entry), { recursive: true, force: true });
  console.log(`Deleted ${folders.length} folders in ${state}.`);
  return 0;
}

async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new LabError("Cannot ask for confirmation without a terminal. Use `lab reset --yes`.");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
