import { setTimeout as delay } from "node:timers/promises";

/** A request that takes less than this is as fast as without load. */
const USUAL_MS = 200;
const POLL_MS = 100;
const RESPONSE_MS = 2000;

/**
 * Sends requests until one succeeds as fast as without load. Returns the seconds since the end of the load; undefined
 * if none does within `giveUpMs`. The requests are HEAD, so that the gateway counts them separately from the load.
 */
export async function recovery(
  { gateway, token }: { gateway: string; token?: string | undefined },
  endedAt: number,
  giveUpMs: number,
): Promise<number | undefined> {
  while (Date.now() - endedAt < giveUpMs) {
    const began = performance.now();
    const isOk = await fetch(`${gateway}/a/hello?name=pspd`, {
      method: "HEAD",
      headers: token ? { authorization: `Bearer ${token}` } : {},
      signal: AbortSignal.timeout(RESPONSE_MS),
    }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isOk && performance.now() - began < USUAL_MS) return Math.max(0, Date.now() - endedAt) / 1000;
    await delay(POLL_MS);
  }
  return undefined;
}
