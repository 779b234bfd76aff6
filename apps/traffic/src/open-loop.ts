import { setTimeout as delay } from "node:timers/promises";

/** Requests at a constant rate, until the signal aborts. */
export interface OpenLoop {
  readonly perSecond: number;
  /** The maximum number of open requests; further requests are counted but not sent. */
  readonly maxInFlight: number;
  /** Must not reject. */
  readonly send: (index: number) => Promise<void>;
  /** Is called for each request that is not sent. */
  readonly skipped: () => void;
  readonly signal: AbortSignal;
}

/**
 * Sends on absolute time: request n is due n/rate seconds after the first, independent of the duration of earlier ones,
 * as with real users. Requests that were due while the machine slept or the process was stopped are not sent later.
 */
export async function openLoop({ perSecond, maxInFlight, send, skipped, signal }: OpenLoop): Promise<void> {
  const interval = 1000 / perSecond;
  let due = performance.now();
  let inFlight = 0;
  for (let index = 0; !signal.aborted; index += 1) {
    if (inFlight >= maxInFlight) skipped();
    else {
      inFlight += 1;
      void send(index).finally(() => {
        inFlight -= 1;
      });
    }
    due += interval;
    if (performance.now() - due > 1000) due = performance.now();
    await delay(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => {});
  }
}
