import { join } from "node:path";
import pWaitFor from "p-wait-for";
import { releaseLock, takeLock } from "../state/lock.ts";
import type { ResolveOptions } from "./resolve.ts";

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
