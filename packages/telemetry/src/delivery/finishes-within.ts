import { setTimeout as sleep } from "node:timers/promises";

/** Returns whether `work` finishes within `timeoutMs`. Clears the timer, because a running timer delays the exit. */
export async function finishesWithin(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  const done = work.then(() => true);
  return Promise.race([done, late]).finally(() => timer.abort());
}
