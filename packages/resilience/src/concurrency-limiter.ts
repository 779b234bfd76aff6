import { getHeapStatistics } from "node:v8";

/** How many calls may run and wait at the same time. */
export interface ConcurrencyLimits {
  /** Maximum number of running calls. */
  running: number;
  /** Maximum number of waiting calls. */
  waiting: number;
}

/**
 * The limits of a route. Measured with 400 clients without think time against a gateway in a container of 124 MiB: with 64
 * running calls it uses at most 110 MiB, with 100 it uses 123 MiB, and without a limit it runs out of heap.
 */
export const SHORT_REQUEST_LIMITS: ConcurrencyLimits = { running: 64, waiting: 1_000 };

/**
 * Maximum number of waiting calls of all routes together. A waiting call uses about 23 KB of the heap: its request,
 * response, span and connection. So a heap of 48 MB, as in a container, has room for about 400 and a larger one for
 * more.
 */
const WAITING_IN_PROCESS = Math.max(1, Math.floor(getHeapStatistics().heap_size_limit / 2 ** 17));

let waitingInProcess = 0;

/** The limits of the streams and long requests of a route. They mostly wait, so only their memory matters. */
export const LONG_REQUEST_LIMITS: ConcurrencyLimits = { running: 500, waiting: 1_000 };

/** A call was rejected because too many calls are waiting. The client can try again after a short time. */
export class OverloadedError extends Error {
  override readonly name = "OverloadedError";
}

interface WaitingCall {
  start(): void;
}

/**
 * Limits the number of calls that run at the same time; further calls wait and start in the order of their arrival. A
 * running call uses up to 45 KB of the heap and a waiting one about half of that, so without a limit a few hundred busy
 * clients exhaust the memory of a small container.
 */
export class ConcurrencyLimiter {
  readonly #limits: ConcurrencyLimits;
  /** A Set keeps the order and removes a call without a search. */
  readonly #waiting = new Set<WaitingCall>();
  #running = 0;

  constructor(limits: ConcurrencyLimits) {
    this.#limits = limits;
  }

  /**
   * Starts a call or queues it; call {@link release} when it is done. Returns undefined if the call may run at once.
   * Otherwise returns a promise that resolves when the call may run, and rejects with the reason of its signal if the call
   * ends first. Throws an {@link OverloadedError} if too many calls are waiting.
   */
  acquire({ signal }: { readonly signal: AbortSignal }): Promise<void> | undefined {
    if (this.#running < this.#limits.running && !signal.aborted) {
      this.#running += 1;
      return undefined;
    }
    if (this.#waiting.size >= this.#limits.waiting || waitingInProcess >= WAITING_IN_PROCESS)
      throw new OverloadedError("Too many requests are waiting. Try again in a second.");
    return this.#wait(signal);
  }

  /** Ends a running call and starts the call that has waited longest. */
  release(): void {
    const [next] = this.#waiting.size > 0 ? this.#waiting : [];
    if (!next) {
      this.#running -= 1;
      return;
    }
    this.#leave(next);
    next.start();
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = () => {
        this.#leave(waiting);
        reject(signal.reason);
      };
      const waiting: WaitingCall = {
        start() {
          signal.removeEventListener("abort", ended);
          resolve();
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", ended, { once: true });
      this.#waiting.add(waiting);
      waitingInProcess += 1;
    });
  }

  #leave(call: WaitingCall): void {
    if (this.#waiting.delete(call)) waitingInProcess -= 1;
  }
}
