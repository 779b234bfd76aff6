import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readEnvironment } from "../env.ts";
import { follow } from "../logs/follow.ts";
import { logFile, tailOf } from "../logs/log-file.ts";
import { closest } from "../report/closest.ts";
import { LabError } from "../report/failure.ts";

/**
 * `lab logs <name>`: the last lines of a component's log, and with `follow` what comes after them; the exit code.
 * @throws LabError that lists the logs there are when there is none of that name.
 */
export async function logs(name: string, options: { follow?: boolean; lines: number }): Promise<number> {
  const { state } = readEnvironment();
  const file = logFile(state, name);
  if (!existsSync(file)) throw new LabError(noSuchLog(name, state));
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const following = options.follow ? follow(file, process.stdout, interrupted.signal) : undefined;
  for (const line of tailOf(file, options.lines)) console.log(line);
  await following;
  return 0;
}

function noSuchLog(name: string, state: string): string {
  const folder = join(state, "logs");
  const names = existsSync(folder)
    ? readdirSync(folder).flatMap((entry) => (entry.endsWith(".log") ? [entry.slice(0, -".log".length)] : []))
    : [];
  if (names.length === 0) return `There are no logs in ${folder} yet: \`npx lab up\` starts the stack.`;
  const near = closest(name, names);
  return [
    `Unknown component "${name}": it has no log.${near ? ` Did you mean ${near}?` : ""}`,
    ...names.toSorted().map((other) => `  lab logs ${other}`),
  ].join("\n");
}
