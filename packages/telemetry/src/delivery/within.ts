import { setTimeout as sleep } from "node:timers/promises";

/** Whether `work` is done within `timeoutMs`. Leaves no timer behind, which would hold up the end of the process. */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  const done = work.then(() => true);
  return Promise.race([done, late]).finally(() => timer.abort());
}
