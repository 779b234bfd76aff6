import { getHeapStatistics } from "node:v8";

/** How many calls may run and wait at the same time. */
export interface ConcurrencyLimits {
  /** Maximum number of running calls. */
  running: number;
  /** Maximum number of waiting calls. */
  waiting: number;
  /**
   * Maximum time that a call may wait and run, in milliseconds. A waiting call is rejected if it would take longer at
   * the current rate. Without it, a call waits until its signal aborts.
   */
  totalMs?: number;
}

/**
 * The limits of the short requests of a route. Measured with 400 clients without think time against a gateway in a
 * container of 124 MiB: with 64 running calls it uses at most 110 MiB, with 100 it uses 123 MiB, and without a limit it
 * runs out of heap. The total time is less than the deadline of 2 s: otherwise an overloaded service would spend most
 * of its time on calls that miss their deadline.
 */
export const SHORT_REQUEST_LIMITS: ConcurrencyLimits = { running: 64, waiting: 500, totalMs: 1_400 };

/**
 * Maximum number of waiting calls of all routes together: one for each 128 KiB of the heap, about 400 in a container
 * (48 MB). A waiting call uses about 23 KB (its request, response, span and connection), so all of them use less than a
 * fifth of the heap.
 */
const MAX_WAITING_IN_PROCESS = Math.max(1, Math.floor(getHeapStatistics().heap_size_limit / 2 ** 17));

let waitingInProcess = 0;

/** The limits of the streams and long requests of a route. They are idle mostly, so only their memory matters. */
export const LONG_REQUEST_LIMITS: ConcurrencyLimits = { running: 500, waiting: 1_000 };

/** Why a call was rejected: too many wait (`full`), it would wait too long (`too_slow`), or it did (`waited`). */
type OverloadReason = "full" | "too_slow" | "waited";

/**
 * A call was rejected because too many calls wait, or because it waited or would wait too long. The client can retry
 * later.
 */
export class OverloadedError extends Error {
  override readonly name = "OverloadedError";
  readonly reason: OverloadReason;
  /** After how many seconds the client should try again: a whole number for `Retry-After`. */
  readonly retryAfterS: number;

  constructor(reason: OverloadReason, retryAfterS: number) {
    // An overloaded service throws many of these. Each stack trace would cost CPU time and a kilobyte in the logs.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(`Too many requests are waiting. Try again in ${retryAfterS} s.`);
    Error.stackTraceLimit = stackTraceLimit;
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }
}

/** A call that a limiter starts. */
export interface LimitedCall {
  /** Set if the call has already ended. */
  readonly ended?: unknown;
  /** Aborts when the call ends. It is read only if the call must wait or has ended. */
  readonly signal: AbortSignal;
}

interface WaitingCall {
  /** When it began to wait. */
  readonly since: number;
  start(): void;
  reject(reason: unknown): void;
}

/**
 * `Retry-After` spreads the retries: one rejected call every 10 ms, after 1 to 30 s. A rejected call costs about half
 * of the CPU time of one that succeeds, so a service whose clients all retried at once would do little else.
 */
const RETRY_INTERVAL_MS = 10;
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** A call may always wait this long: a service that was slow for a moment must not reject calls. */
const MIN_WAIT_MS = 100;

/** Time over which the rate is measured: longer than a pause of the event loop, after which many calls end at once. */
const RATE_MS = 1_000;

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
  #reserved = 0;
  /** Mean time between two calls that end, in milliseconds; 0 while it is not known. */
  #intervalMs = 0;
  /** The measurement of the rate that is in progress; undefined while the limiter is not busy. */
  #measurement: { readonly since: number; endedCalls: number } | undefined;
  #rejectedAt = Number.NEGATIVE_INFINITY;
  /** When the call that was rejected last will be tried again. */
  #retriedAt = 0;
  /** Rejects the call that has waited longest. */
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: ConcurrencyLimits) {
    this.#limits = limits;
  }

  /**
   * Reserves a place for a call that must be checked before it may {@link acquire} one. Throws the same
   * {@link OverloadedError}, so that a call that would be rejected is not checked. After the check, dispose of the
   * reservation and at once call `acquire`, so that no other call gets the place.
   */
  reserve(): Disposable {
    if (this.#running + this.#reserved >= this.#limits.running) this.#rejectIfOverloaded();
    this.#reserved += 1;
    waitingInProcess += 1;
    return {
      [Symbol.dispose]: () => {
        this.#reserved -= 1;
        waitingInProcess -= 1;
      },
    };
  }

  /**
   * Starts a call or queues it; call {@link release} when it is done. Returns undefined if the call may run at once.
   * Otherwise returns a promise that resolves when the call may run, and rejects with the reason of its signal if the
   * call ends first, or with an {@link OverloadedError} if it has waited too long. Throws an {@link OverloadedError} if
   * too many calls are waiting, or if the call would wait too long at the current rate.
   */
  acquire(call: LimitedCall): Promise<void> | undefined {
    if (this.#running < this.#limits.running && !call.ended) {
      this.#running += 1;
      return undefined;
    }
    this.#rejectIfOverloaded();
    return this.#wait(call.signal);
  }

  /** Throws an {@link OverloadedError} if one more call cannot wait. Reserved places count as taken. */
  #rejectIfOverloaded(): void {
    if (this.#waiting.size === 0 && performance.now() - this.#rejectedAt > RATE_MS) this.#forgetRate();
    const ahead = Math.max(0, this.#running + this.#waiting.size + this.#reserved - this.#limits.running);
    if (ahead >= this.#limits.waiting || waitingInProcess >= MAX_WAITING_IN_PROCESS)
      throw this.#createOverloadedError("full");
    if (ahead * this.#intervalMs > this.#maxWaitMs()) throw this.#createOverloadedError("too_slow");
  }

  /** Ends a running call and starts the call that has waited longest. */
  release(): void {
    if (this.#waiting.size > 0) this.#rejectExpired();
    const [next] = this.#waiting.size > 0 ? this.#waiting : [];
    this.#measure(next !== undefined);
    if (!next) {
      this.#running -= 1;
      return;
    }
    this.#dequeue(next);
    next.start();
  }

  /**
   * Measures the rate at which calls end while others wait, or have just been rejected: if the event loop is late, all
   * waiting calls expire together, and further calls must be rejected by the same rate. Otherwise it is high enough.
   */
  #measure(isWaitedFor: boolean): void {
    if (!isWaitedFor && !this.#measurement) return;
    const now = performance.now();
    if (!isWaitedFor && now - this.#rejectedAt > RATE_MS) {
      this.#forgetRate();
      return;
    }
    this.#measurement ??= { since: now, endedCalls: 0 };
    const elapsedMs = now - this.#measurement.since;
    if (elapsedMs > 0) this.#measurement.endedCalls += 1;
    if (elapsedMs < RATE_MS) return;
    this.#intervalMs = elapsedMs / this.#measurement.endedCalls;
    this.#measurement = { since: now, endedCalls: 0 };
  }

  #forgetRate(): void {
    this.#measurement = undefined;
    this.#intervalMs = 0;
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onEnded = () => {
        this.#dequeue(waiting);
        reject(signal.reason);
      };
      const waiting: WaitingCall = {
        since: performance.now(),
        start() {
          signal.removeEventListener("abort", onEnded);
          resolve();
        },
        reject(reason) {
          signal.removeEventListener("abort", onEnded);
          reject(reason);
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", onEnded, { once: true });
      this.#waiting.add(waiting);
      waitingInProcess += 1;
      this.#scheduleTimeout();
    });
  }

  /** Makes sure that a timer runs for the call that has waited longest. Calls wait in order, so one timer is enough. */
  #scheduleTimeout(): void {
    const [oldest] = this.#waiting;
    if (this.#limits.totalMs === undefined || this.#timer || !oldest) return;
    const leftMs = oldest.since + this.#maxWaitMs() - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#rejectExpired();
        this.#scheduleTimeout();
      },
      Math.max(1, leftMs),
    );
  }

  #rejectExpired(): void {
    const now = performance.now();
    const maxWaitMs = this.#maxWaitMs();
    for (const call of this.#waiting) {
      if (now - call.since < maxWaitMs) return;
      this.#dequeue(call);
      call.reject(this.#createOverloadedError("waited"));
    }
  }

  /** Little's law: a call runs for about (running calls × mean time between two ends). */
  #maxWaitMs(): number {
    const { totalMs = Number.POSITIVE_INFINITY } = this.#limits;
    return Math.max(MIN_WAIT_MS, totalMs - this.#running * this.#intervalMs);
  }

  /** Gives the rejected calls successive times at which they are tried again. */
  #createOverloadedError(reason: OverloadReason): OverloadedError {
    const now = performance.now();
    const next = Math.max(now + MIN_RETRY_MS, this.#retriedAt + RETRY_INTERVAL_MS);
    this.#rejectedAt = now;
    this.#retriedAt = Math.min(next, now + MAX_RETRY_MS);
    // Rounded, because the difference of two such numbers can be 1000.0000000002.
    return new OverloadedError(reason, Math.ceil(Math.round(this.#retriedAt - now) / 1000));
  }

  #dequeue(call: WaitingCall): void {
    if (this.#waiting.delete(call)) waitingInProcess -= 1;
  }
}
