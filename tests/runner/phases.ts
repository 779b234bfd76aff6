import { constants } from "node:os";
import { interruptCommands } from "./commands.ts";

const PROGRESS_MS = 5_000;
const began = performance.now();

/** The phases of a test command: prints a heading for each, and their times at the end. */
export class Phases {
  readonly #took: string[] = [];

  /** Runs one phase. */
  async run(name: string, work: () => Promise<unknown>): Promise<void> {
    console.log(`\n── ${name} ──`);
    const start = performance.now();
    try {
      await work();
    } finally {
      this.#took.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  }

  /** Prints the duration of each phase. */
  report(outcome: string): void {
    console.log(`\n${outcome}: ${this.#took.join(", ")}.`);
  }
}

/** Thrown if the command line is invalid. */
export class UsageError extends Error {}

/** Returns the names that the user asked for, or `otherwise` by default. Throws if a name is unknown. */
export function parsePhases(
  names: readonly string[],
  available: readonly string[],
  otherwise: readonly string[] = available,
): readonly string[] {
  const unknown = names.filter((name) => !available.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`Unknown phase: ${unknown.join(", ")}. Available: ${available.join(", ")}.`);
  return names.length === 0 ? otherwise : available.filter((name) => names.includes(name));
}

/**
 * Runs a test command and ends this process: with 0, with 1 and the reason if the work throws (2 if the command line is
 * wrong), or with 128 + n after signal n. A signal stops the commands that run, so that the work throws and cleans up;
 * the same signal again ends the process at once. (After Ctrl-C, a command gets the terminal's SIGINT and our SIGTERM.)
 */
export async function runCommand(work: () => Promise<void>): Promise<never> {
  let code = 0;
  const received = new Set<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      code = 128 + constants.signals[signal];
      if (received.has(signal)) process.exit(code);
      received.add(signal);
      interruptCommands();
    });
  try {
    await work();
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    code ||= error instanceof UsageError ? 2 : 1;
  }
  process.exit(code);
}

/** Prints a line of progress, with the seconds since the start. */
export function printProgress(text: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
}

/**
 * Runs work and returns its result. Prints the name of the work, and every few seconds again with the latest detail
 * that the work has reported.
 */
export async function withProgress<Result>(
  what: string,
  work: (report: (detail: string) => void) => Promise<Result>,
): Promise<Result> {
  printProgress(what);
  let last = "";
  const timer = setInterval(() => printProgress(`  still ${what}${last && `: ${last}`}`), PROGRESS_MS);
  try {
    return await work((detail) => {
      last = detail;
    });
  } finally {
    clearInterval(timer);
  }
}
