import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { identify, isRunning, type ProcessIdentity } from "../spawn/process-info.ts";

/** What a lock file holds: who took it, and whatever else its taker wants to say. */
export type Held<Extra> = ProcessIdentity & Extra;

/**
 * Takes a lock file for this process; a lock whose taker is gone is taken over.
 * @returns nothing when it is ours now, otherwise what its living holder wrote.
 */
export function takeLock<Extra extends object>(file: string, extra: Extra): Held<Extra> | undefined {
  const mine = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(mine, JSON.stringify({ ...identify(process.pid), ...extra }, undefined, 2));
  try {
    for (;;) {
      try {
        linkSync(mine, file); // as open(O_EXCL), but never seen half-written
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = readLock<Extra>(file);
      if (holder && isRunning(holder)) return holder;
      setAside(file);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Who holds the lock, alive or not. */
export function readLock<Extra extends object>(file: string): Held<Extra> | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Gives a lock back. */
export function releaseLock(file: string): void {
  rmSync(file, { force: true });
}

/** Removes a dead process's lock, unless another has just done so and put a living one in its place. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const holder = readLock(aside);
  if (holder && isRunning(holder)) linkSync(aside, file);
  rmSync(aside, { force: true });
}
