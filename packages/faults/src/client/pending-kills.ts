import { existsSync, readFileSync, rmSync, unwatchFile, watchFile } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";

const POLL_MS = 200;

/** Components that the launcher kills at each start, each with the end of its fault (milliseconds since the epoch). */
export type PendingKills = Readonly<Record<string, number>>;

/**
 * Returns the file with the requests of `lab break` and the console to the launcher. It exists while a launcher runs.
 */
const pendingKillsFile = (state: string) => join(state, "run", "pending-kills.json");

/** Starts an empty list: a new stack has no faults. */
export const openPendingKills = (state: string): void => write(state, {});

/** Removes the list when the launcher ends. */
export const closePendingKills = (state: string): void => rmSync(pendingKillsFile(state), { force: true });

/** Returns whether a launcher reads the list. */
export const hasPendingKills = (state: string): boolean => existsSync(pendingKillsFile(state));

/** Returns the kills that are pending now. */
export function readPendingKills(state: string, now = Date.now()): PendingKills {
  try {
    const all = JSON.parse(readFileSync(pendingKillsFile(state), "utf8")) as PendingKills;
    return Object.fromEntries(Object.entries(all).filter(([, until]) => until > now));
  } catch {
    return {};
  }
}

/** Asks the launcher to kill a component at each start until a time; with `undefined` it no longer does. */
export function setPendingKill(state: string, component: string, until: number | undefined): void {
  const { [component]: _, ...others } = readPendingKills(state);
  write(state, until === undefined ? others : { ...others, [component]: until });
}

/** Calls `onChange` when another process changes the list. Returns a function that stops watching. */
export function watchPendingKills(state: string, onChange: (kills: PendingKills) => void): () => void {
  const file = pendingKillsFile(state);
  const listener = () => onChange(readPendingKills(state));
  watchFile(file, { interval: POLL_MS, persistent: false }, listener);
  return () => unwatchFile(file, listener);
}

/** Replaces the file atomically, so that no reader sees a part of it. */
const write = (state: string, kills: PendingKills): void =>
  writeFileAtomic.sync(pendingKillsFile(state), JSON.stringify(kills), { fsync: false });
