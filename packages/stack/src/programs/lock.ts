import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pWaitFor from "p-wait-for";
import { identify, isRunning, type ProcessIdentity } from "./process-info.ts";
import type { ResolveOptions } from "./program.ts";

/** The content of a lock file: the process that holds it, and more data of that process. */
export type Held<Extra> = ProcessIdentity & Extra;

/**
 * Acquires a lock file for this process, even from a holder that has ended.
 * @returns undefined if this process holds it now, otherwise the content of the current holder.
 */
export function takeLock<Extra extends object>(file: string, extra: Extra): Held<Extra> | undefined {
  const own = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(own, JSON.stringify({ ...identify(process.pid), ...extra }, undefined, 2));
  try {
    for (;;) {
      try {
        linkSync(own, file); // like open(O_EXCL), but the file is never incomplete
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = readLock<Extra>(file);
      if (holder && isRunning(holder)) return holder;
      setAside(file);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Returns the holder of the lock, even if it has ended; undefined if the lock is free. */
export function readLock<Extra extends object>(file: string): Held<Extra> | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Releases a lock. */
export function releaseLock(file: string): void {
  rmSync(file, { force: true });
}

/** Removes the lock of a process that has ended, unless another process has just replaced it by its own. */
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

/** Runs a task while it holds `<cache>/<name>.lock`. Waits while another lab holds it, and reports that once. */
export async function lockedInCache<Result>(
  name: string,
  { cache, signal, progress }: Pick<ResolveOptions, "cache" | "signal" | "progress">,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = join(cache, `${name}.lock`);
  let reported = false;
  await pWaitFor(
    () => {
      const holder = takeLock(lock, {});
      if (holder && !reported)
        progress(`waiting for the lab with pid ${holder.pid}, which is downloading or building it`);
      reported ||= Boolean(holder);
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
