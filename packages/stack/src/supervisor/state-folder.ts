import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { dirname, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Stage } from "../components/component.ts";
import type { SeparateHosts } from "../hosts/hosts.ts";
import type { ProcessIdentity } from "../programs/processes.ts";
import { failureMessage, LabError, messageOf } from "../terminal/messages.ts";

/**
 * Creates the state folder if it does not exist.
 * @throws LabError that names LAB_STATE if the folder cannot be created or written to.
 */
export function prepareStateFolder(stateFolder: string): void {
  try {
    mkdirSync(stateFolder, { recursive: true });
    accessSync(stateFolder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LabError(
      failureMessage({
        what: `The state folder ${stateFolder} cannot be used: ${messageOf(error)}.`,
        fix: "set LAB_STATE to a folder that you can write to",
      }),
    );
  }
}

export type ComponentState =
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
  readonly state: ComponentState;
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

/** Returns the folder of the pid files. */
export function runFolder(stateFolder: string): string {
  return join(stateFolder, "run");
}

/** Writes a record atomically and at once: if the launcher is killed right after a spawn, the pid is on disk. */
export function writeRecord(stateFolder: string, record: ComponentRecord): void {
  const file = join(runFolder(stateFolder), record.name + SUFFIX);
  mkdirSync(runFolder(stateFolder), { recursive: true });
  writeFileAtomic.sync(file, `${JSON.stringify(record, undefined, 2)}\n`, { fsync: false });
}

/** Returns all records, sorted by name. */
export function readRecords(stateFolder: string): ComponentRecord[] {
  try {
    return readdirSync(runFolder(stateFolder))
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => JSON.parse(readFileSync(join(runFolder(stateFolder), name), "utf8")) as ComponentRecord);
  } catch {
    return [];
  }
}

/** Removes all records. */
export function clearRecords(stateFolder: string): void {
  for (const { name } of readRecords(stateFolder))
    rmSync(join(runFolder(stateFolder), name + SUFFIX), { force: true });
}

/** Removes the record of one component. */
export function removeRecord(stateFolder: string, name: string): void {
  rmSync(join(runFolder(stateFolder), name + SUFFIX), { force: true });
}

const hostsFile = (stateFolder: string) => join(runFolder(stateFolder), "hosts.json");

/** Stores the separate hosts of the stack. Call it before they are created, so that none can stay unnoticed. */
export function writeHosts(stateFolder: string, hosts: SeparateHosts): void {
  mkdirSync(runFolder(stateFolder), { recursive: true });
  writeFileAtomic.sync(hostsFile(stateFolder), `${JSON.stringify(hosts, undefined, 2)}\n`, { fsync: false });
}

/** Returns the separate hosts of the stack; undefined without `--hosts`. */
export function readHosts(stateFolder: string): SeparateHosts | undefined {
  try {
    return JSON.parse(readFileSync(hostsFile(stateFolder), "utf8"));
  } catch {
    return undefined;
  }
}

/** Removes the file, because the hosts do not exist any more. */
export function clearHosts(stateFolder: string): void {
  rmSync(hostsFile(stateFolder), { force: true });
}

const MAX_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;

/** Returns the log file of a component, or of the launcher. */
export function logFile(stateFolder: string, name: string): string {
  return join(stateFolder, "logs", `${name}.log`);
}

/**
 * Limits the size of a log, then opens it for appending. The descriptor is for the child, whose output begins at
 * `offset`.
 */
export function openLog(file: string): { descriptor: number; offset: number } {
  mkdirSync(dirname(file), { recursive: true });
  boundLog(file);
  const descriptor = openSync(file, "a");
  return { descriptor, offset: statSync(file).size };
}

/**
 * Keeps a log below a size: its content is moved to `<file>.1`. The file is truncated in place, because a child keeps
 * its descriptor, which is open for appending.
 */
export function boundLog(file: string, maxBytes = MAX_BYTES): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
}

/** Returns the last lines of a log after `offset`, or an empty list. */
export function tailOf(file: string, lines: number, offset = 0): string[] {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const start = Math.max(offset <= size ? offset : 0, size - TAIL_BYTES);
  if (size === start) return [];
  const buffer = Buffer.alloc(size - start);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, buffer, 0, buffer.length, start);
  } finally {
    closeSync(descriptor);
  }
  const found = buffer.toString("utf8").trimEnd().split("\n");
  if (start > 0 && start !== offset) found.shift(); // the bytes begin in the middle of this line
  return found.slice(-lines);
}

const CHECK_INTERVAL_MS = 10_000;

/** Keeps the logs of these components below their maximum size. Returns a function that ends this. */
export function boundLogs(stateFolder: string, names: () => readonly string[]): () => void {
  const timer = setInterval(() => {
    for (const name of names()) boundLog(logFile(stateFolder, name));
  }, CHECK_INTERVAL_MS).unref();
  return () => clearInterval(timer);
}
