import { glob } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { REPOSITORY } from "@lgtm-lab/stack";
import { execa, type Options } from "execa";

/** An interrupted command is killed if it has not stopped its own processes after this time. */
const STOP_MS = 60_000;

let stopping = new AbortController();

/** Stops the commands that run now. Commands that are started afterwards, to clean up, are not affected. */
export function interruptCommands(): void {
  const current = stopping;
  stopping = new AbortController();
  current.abort();
}

class InterruptedError extends Error {}

/**
 * Returns the result of work in this process, which cannot be stopped. Throws at once when the commands are
 * interrupted, so that the caller cleans up; the work ends with this process.
 */
export async function unlessInterrupted<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const { signal } = stopping;
  const interrupted = Promise.withResolvers<never>();
  const interrupt = () => interrupted.reject(new InterruptedError(`Interrupted: ${what}`));
  signal.addEventListener("abort", interrupt);
  try {
    return await Promise.race([work, interrupted.promise]);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

/** Runs a program from the repository's root and shows its output. Throws when it fails or is interrupted. */
export async function run(file: string, args: readonly string[], options: Options = {}): Promise<void> {
  const result = await execa(file, args, {
    cwd: REPOSITORY,
    stdio: "inherit",
    reject: false,
    cancelSignal: stopping.signal,
    forceKillAfterDelay: STOP_MS,
    ...options,
  });
  if (!result.failed) return;
  const how = result.signal ?? (result.exitCode === undefined ? result.code : `exit code ${result.exitCode}`);
  const command = result.escapedCommand.slice(0, 200);
  if (result.isCanceled) throw new InterruptedError(`Interrupted: ${command}`);
  throw new Error(`Failed (${how}): ${command}`);
}

/**
 * Runs work at the same time. If one fails, the signal of the others is aborted. Throws the first failure, when all have
 * ended.
 */
export async function runTogether(all: readonly ((signal: AbortSignal) => Promise<void>)[]): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([stopping.signal, failed.signal]);
  const failures: unknown[] = [];
  await Promise.all(
    all.map((work) =>
      work(signal).catch((error) => {
        failures.push(error);
        failed.abort();
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

/** Runs one command after another, even if one fails. Throws if any has failed. */
export async function runEach(commands: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: string[] = [];
  for (const command of commands)
    await command().catch((error: Error) => {
      failures.push(error.message);
      if (error instanceof InterruptedError) throw error;
    });
  if (failures.length > 0) throw new Error(failures.join("\n"));
}

/** Runs a program and returns its output. Throws an error with the output when it fails. */
export async function output(file: string, args: readonly string[], options: Options = {}): Promise<string> {
  const { stdout } = await execa(file, args, { cancelSignal: stopping.signal, ...options });
  return String(stdout);
}

/** Returns whether a program can be run and exits 0. */
export async function canRun(file: string, ...args: string[]): Promise<boolean> {
  return !(await execa(file, args, { reject: false })).failed;
}

/** The options of {@link runTests}. */
export interface TestRun {
  /**
   * All files in one process, so that they share one stack; the process ends even if a failed test leaves something
   * open. Otherwise one process for each file.
   */
  readonly shared?: boolean;
  /** One file after another. */
  readonly serial?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs `node --test` on the files that match; prints the slowest tests after its report. Throws when a test fails. */
export async function runTests(patterns: string | readonly string[], how: TestRun = {}): Promise<void> {
  const reporters = ["spec", "./tests/runner/slowest.ts"].flatMap((reporter) => [
    `--test-reporter=${reporter}`,
    "--test-reporter-destination=stdout",
  ]);
  const flags = [
    ...(how.shared ? ["--test-isolation=none", "--test-force-exit"] : []),
    // Node's default leaves one core unused: on two cores, one file would run at a time.
    `--test-concurrency=${how.serial ? 1 : availableParallelism()}`,
  ];
  const args = ["--test", ...reporters, ...flags, ...(await filesOf(patterns))];
  await run("node", args, how.env ? { env: how.env } : {});
}

async function filesOf(patterns: string | readonly string[]): Promise<string[]> {
  const found = (await Array.fromAsync(glob(patterns, { cwd: REPOSITORY })))
    .filter((file) => !file.includes("node_modules"))
    .sort();
  if (found.length === 0) throw new Error(`No test file matches ${[patterns].flat().join(" or ")}.`);
  return found;
}
