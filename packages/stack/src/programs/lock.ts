import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pWaitFor from "p-wait-for";
import { identify, isRunning, type ProcessIdentity } from "./process-info.ts";
import type { ResolveOptions } from "./program.ts";

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

const POLL_MS = 500;

/** Does the work while holding `<cache>/<name>.lock`; waits, saying for whom, while another lab holds it. */
export async function lockedInCache<Result>(
  name: string,
  { cache, signal, progress }: Pick<ResolveOptions, "cache" | "signal" | "progress">,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = join(cache, `${name}.lock`);
  let said = false;
  await pWaitFor(
    () => {
      const holder = takeLock(lock, {});
      if (holder && !said)
        progress(`waiting for the lab with pid ${holder.pid}, which is downloading or building it`);
      said ||= Boolean(holder);
      return !holder;
    },
    { interval: POLL_MS, signal },
  );
  try {
    return await work();
  } finally {
    releaseLock(lock);
  }
}
