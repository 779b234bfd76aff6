import { existsSync, readFileSync, rmSync, unwatchFile, watchFile } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";

const POLL_MS = 200;

/** Components that the launcher kills at each start, each with the end of its fault (milliseconds since the epoch). */
export type PendingKills = Readonly<Record<string, number>>;

/**
 * Returns the file with the requests of `lab break` and the console to the launcher. It exists while a launcher runs.
 */
const pendingKillsFile = (stateFolder: string) => join(stateFolder, "run", "pending-kills.json");

/** Starts an empty list: a new stack has no faults. */
export const openPendingKills = (stateFolder: string): void => write(stateFolder, {});

/** Removes the list when the launcher ends. */
export const closePendingKills = (stateFolder: string): void =>
  rmSync(pendingKillsFile(stateFolder), { force: true });

/** Returns whether a launcher reads the list. */
export const hasPendingKills = (stateFolder: string): boolean => existsSync(pendingKillsFile(stateFolder));

/** Returns the kills that are pending now. */
export function readPendingKills(stateFolder: string, now = Date.now()): PendingKills {
  try {
    const all = JSON.parse(readFileSync(pendingKillsFile(stateFolder), "utf8")) as PendingKills;
    return Object.fromEntries(Object.entries(all).filter(([, until]) => until > now));
  } catch {
    return {};
  }
}

/** Asks the launcher to kill a component at each start until a time; with `undefined` it no longer does. */
export function setPendingKill(stateFolder: string, component: string, until: number | undefined): void {
  const { [component]: _, ...others } = readPendingKills(stateFolder);
  write(stateFolder, until === undefined ? others : { ...others, [component]: until });
}

/** Calls `onChange` when another process changes the list. Returns a function that stops watching. */
export function watchPendingKills(stateFolder: string, onChange: (kills: PendingKills) => void): () => void {
  const file = pendingKillsFile(stateFolder);
  const listener = () => onChange(readPendingKills(stateFolder));
  watchFile(file, { interval: POLL_MS, persistent: false }, listener);
  return () => unwatchFile(file, listener);
}

/** Replaces the file atomically, so that no reader sees a part of it. */
const write = (stateFolder: string, kills: PendingKills): void =>
  writeFileAtomic.sync(pendingKillsFile(stateFolder), JSON.stringify(kills), { fsync: false });
