import { createReadStream, existsSync, readdirSync, statSync, unwatchFile, watchFile } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { closest } from "@lgtm-lab/contracts";
import { readEnvironment } from "../env.ts";
import { logFile, tailOf } from "../supervisor/state-folder.ts";
import { LabError } from "../terminal/messages.ts";

/**
 * Runs `lab logs <name>`: prints the last lines of a component's log, and with `follow` later lines as they are
 * written. Returns the exit code.
 * @throws LabError with the names of all logs if the name is unknown.
 */
export async function logs(name: string, options: { follow?: boolean; lines: number }): Promise<number> {
  const { stateFolder } = readEnvironment();
  const file = logFile(stateFolder, name);
  if (!existsSync(file)) throw new LabError(noSuchLog(name, stateFolder));
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const following = options.follow ? follow(file, process.stdout, interrupted.signal) : undefined;
  for (const line of tailOf(file, options.lines)) console.log(line);
  await following;
  return 0;
}

function noSuchLog(name: string, stateFolder: string): string {
  const folder = join(stateFolder, "logs");
  const names = existsSync(folder)
    ? readdirSync(folder).flatMap((entry) => (entry.endsWith(".log") ? [entry.slice(0, -".log".length)] : []))
    : [];
  if (names.length === 0) return `There are no logs in ${folder} yet: \`npx lab up\` starts the stack.`;
  const near = closest(name, names);
  return [
    `Unknown component "${name}": it has no log.${near ? ` Did you mean ${near}?` : ""}`,
    ...names.toSorted().map((other) => `  npx lab logs ${other}`),
  ].join("\n");
}

const POLL_MS = 250;

/** Copies text to `output` as it is appended to a file, until `signal` aborts. Handles truncation. */
export async function follow(file: string, output: Writable, signal: AbortSignal): Promise<void> {
  let position = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let copying = Promise.resolve();
  const copyNew = async (size: number) => {
    const start = size < position ? 0 : position;
    if (size === start) return;
    position = size;
    await pipeline(createReadStream(file, { start, end: size - 1 }), output, { end: false });
  };
  watchFile(file, { interval: POLL_MS }, ({ size }) => {
    copying = copying.then(() => copyNew(size));
  });
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  unwatchFile(file);
  await copying;
}
