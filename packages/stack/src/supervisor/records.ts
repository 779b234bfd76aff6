import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Stage } from "../components/component.ts";
import type { ProcessIdentity } from "../programs/process-info.ts";
import { failureMessage, LabError, messageOf } from "../terminal/failure.ts";

export type State =
  | "waiting"
  | "resolving"
  | "starting"
  | "ready"
  | "restarting"
  | "failed"
  | "skipped"
  | "stopped";

/** The content of `run/<name>.component.json`: the process of a component, its start time and its state. */
export interface ComponentRecord {
  readonly name: string;
  readonly stage: Stage;
  readonly state: State;
  readonly graceMs: number;
  readonly process?: ProcessIdentity;
  readonly command?: string;
  readonly version?: string;
  readonly source?: string;
  readonly ports: readonly number[];
  readonly readyUrl?: string;
  /** Milliseconds since the epoch at which the process that runs now was started. */
  readonly startedAt?: number;
  readonly restarts: number;
  /** Why it failed, restarted or was skipped, in one or more lines. */
  readonly reason?: string;
}

const SUFFIX = ".component.json";

/** The folder of the pid files. */
export function runFolder(state: string): string {
  return join(state, "run");
}

/** Writes a record atomically and at once: if the launcher is killed right after a spawn, the pid is on disk. */
export function writeRecord(state: string, record: ComponentRecord): void {
  const file = join(runFolder(state), record.name + SUFFIX);
  mkdirSync(runFolder(state), { recursive: true });
  writeFileAtomic.sync(file, `${JSON.stringify(record, undefined, 2)}\n`, { fsync: false });
}

/** All records, sorted by name. */
export function readRecords(state: string): ComponentRecord[] {
  try {
    return readdirSync(runFolder(state))
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => JSON.parse(readFileSync(join(runFolder(state), name), "utf8")) as ComponentRecord);
  } catch {
    return [];
  }
}

/** Removes all records. */
export function clearRecords(state: string): void {
  for (const { name } of readRecords(state)) rmSync(join(runFolder(state), name + SUFFIX), { force: true });
}

/** Removes the record of one component. */
export function removeRecord(state: string, name: string): void {
  rmSync(join(runFolder(state), name + SUFFIX), { force: true });
}

/**
 * Creates the state folder if it does not exist.
 * @throws LabError that names LAB_STATE if the folder cannot be created or written to.
 */
export function prepareState(state: string): void {
  try {
    mkdirSync(state, { recursive: true });
    accessSync(state, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LabError(
      failureMessage({
        what: `The state folder ${state} cannot be used: ${messageOf(error)}.`,
        fix: "set LAB_STATE to a folder that you can write to",
      }),
    );
  }
}
