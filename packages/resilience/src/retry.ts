import { setImmediate } from "node:timers/promises";
import { ExponentialBackoff, type IBackoff } from "cockatiel";

/** Scale of the random delay before the first retry: its median is near this value; milliseconds. */
const FIRST_DELAY_MS = 25;
/** Maximum delay before a retry, in milliseconds. */
const MAX_DELAY_MS = 250;

/** Retries that the budget can save for later. */
const MAX_SAVED_RETRIES = 100;

/**
 * Bounds retries to a percentage of the requests: the first `n` requests make at most `n · (1 + percent / 100)` calls.
 * So an outage adds at most this percentage to the load, plus the saved retries, once. It counts in integers to avoid
 * rounding errors.
 */
export class RetryBudget {
  readonly #percent: number;
  #saved = 0;

  constructor(percent: number) {
    this.#percent = percent;
  }

  /** Counts a request, which adds to the budget. */
  addRequest(): void {
    this.#saved = Math.min(this.#saved + this.#percent, MAX_SAVED_RETRIES * 100);
  }

  /** Takes one retry from the budget. Returns false if not enough is left. */
  take(): boolean {
    if (this.#saved < 100) return false;
    this.#saved -= 100;
    return true;
  }

  /** Returns a retry to the budget that was taken but not made. */
  giveBack(): void {
    this.#saved = Math.min(this.#saved + 100, MAX_SAVED_RETRIES * 100);
  }
}

/** What a retrier needs to know about a call: its deadline, and whether it has ended. */
export interface RetriedCall {
  /** Set if the call has ended. */
  readonly ended: unknown;
  /** Runs a function when the call ends. */
  onEnded(listener: () => void): void;
  /** Milliseconds until the deadline. */
  remainingMs(): number;
}

/** What a retrier did after a failed attempt that could be retried. */
export type RetryDecision =
  | { readonly outcome: "retried"; readonly retry: number; readonly delayMs: number; readonly error: unknown }
  | { readonly outcome: "no_budget" | "no_time" | "max_retries"; readonly error: unknown };

/** The options of a {@link Retrier}. */
export interface RetryOptions {
  /** The maximum number of retries of a call that does not set it. */
  readonly retries: number;
  readonly budget: RetryBudget;
  /** Whether a retry can succeed after this error. */
  readonly isTransient: (error: unknown) => boolean;
  /** Whether an attempt can be made now. If not, the error is thrown at once, without a decision. */
  readonly isPossible?: (() => boolean) | undefined;
  /**
   * An attempt without a response after this time ends, if another one may follow; milliseconds. If not, it goes on: its
   * response can still arrive before the deadline. 0 or undefined: only the deadline of the call applies.
   */
  readonly attemptTimeoutMs?: number | undefined;
  /** Called in the context of the call. */
  readonly onDecision: (decision: RetryDecision) => void;
}

/** The error of an attempt that ended at its timeout. */
class AttemptTimeout extends Error {
  override readonly name = "AttemptTimeout";

  constructor(milliseconds: number) {
    super(`no response after ${milliseconds} ms`);
  }
}

/** One attempt of a call. */
export interface Attempt {
  /** Runs a function if the attempt ends by its timeout. */
  onTimeout(listener: () => void): void;
}

interface TimedAttempt extends Attempt {
  /** Set if it has ended by its timeout. The retry that follows is then already taken from the budget. */
  readonly timeout: AttemptTimeout | undefined;
  /** Ends its timer. */
  stop(): void;
}

/** An attempt without a timeout. */
const UNTIMED: TimedAttempt = { timeout: undefined, onTimeout() {}, stop() {} };

/** Options of one call. */
export interface RetriedCallOptions {
  /** The maximum number of retries of this call; by default that of the options. */
  readonly retries?: number | undefined;
  /** Added to the timeout of an attempt: the time that the call's parameters require, in milliseconds. */
  readonly expectedMs?: number;
}

/** The retry that would follow an attempt. */
interface NextRetry {
  readonly retry: number;
  readonly retries: number;
  readonly delayMs: number;
}

/** Retries failed calls with jitter, within their deadline and a budget. The caller must pass only idempotent calls. */
export class Retrier {
  readonly #options: RetryOptions;
  /** The jitter is decorrelated: each delay is random and depends on the previous one. */
  readonly #backoff = new ExponentialBackoff({ initialDelay: FIRST_DELAY_MS, maxDelay: MAX_DELAY_MS });

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Runs attempts until one succeeds, an error is not transient, or no retry is left. Throws the last error. */
  async run<T>(
    call: RetriedCall,
    attempt: (attempt: Attempt) => Promise<T>,
    { retries = this.#options.retries, expectedMs = 0 }: RetriedCallOptions = {},
  ): Promise<T> {
    this.#options.budget.addRequest();
    let previous: IBackoff<unknown> | undefined;
    for (let retry = 1; ; retry += 1) {
      let backoff: IBackoff<unknown> | undefined;
      const next = (): NextRetry => {
        backoff ??= previous ? previous.next({}) : this.#backoff.next();
        return { retry, retries, delayMs: Math.ceil(backoff.duration) };
      };
      const running = retry > retries ? UNTIMED : this.#watch(call, next, expectedMs);
      let isRetried = false;
      try {
        return await attempt(running);
      } catch (error) {
        running.stop(); // an attempt that has failed must not time out while the next one waits
        isRetried = await this.#decide(call, next, error, running.timeout);
        if (isRetried) await pause(next().delayMs, call);
        if (!isRetried || call.ended) throw error;
        previous = backoff;
      } finally {
        running.stop();
        if (running.timeout && !isRetried) this.#options.budget.giveBack();
      }
    }
  }

  /** Ends an attempt at its timeout, if another one may follow. If not, nothing is reported: it has not failed. */
  #watch(call: RetriedCall, next: () => NextRetry, expectedMs: number): TimedAttempt {
    const { attemptTimeoutMs = 0, isPossible } = this.#options;
    if (attemptTimeoutMs === 0) return UNTIMED;
    const timeoutMs = attemptTimeoutMs + expectedMs;
    const listeners: (() => void)[] = [];
    let timeout: AttemptTimeout | undefined;
    const timer = setTimeout(() => {
      if (call.ended || isPossible?.() === false || this.#take(call, next()) !== "retried") return;
      timeout = new AttemptTimeout(timeoutMs);
      for (const listener of listeners) listener();
    }, timeoutMs);
    return {
      get timeout() {
        return timeout;
      },
      onTimeout: (listener: () => void) => void listeners.push(listener),
      stop: () => clearTimeout(timer),
    };
  }

  /** Decides whether to retry after a failed attempt, and reports the decision. */
  async #decide(
    call: RetriedCall,
    next: () => NextRetry,
    error: unknown,
    timeout: AttemptTimeout | undefined,
  ): Promise<boolean> {
    const { isTransient, isPossible, onDecision } = this.#options;
    if (call.ended || !(timeout || isTransient(error))) return false;
    if (isPossible) {
      // A circuit breaker counts the attempt in promise callbacks that have not run yet.
      await setImmediate();
      if (call.ended || !isPossible()) return false;
    }
    const { retry, delayMs } = next();
    const outcome = timeout ? "retried" : this.#take(call, next());
    if (outcome === "retried") onDecision({ outcome, retry, delayMs, error: timeout ?? error });
    else onDecision({ outcome, error });
    return outcome === "retried";
  }

  /** Takes a retry from the budget, if one may follow. Returns why not otherwise. */
  #take(call: RetriedCall, { retry, retries, delayMs }: NextRetry): RetryDecision["outcome"] {
    if (retry > retries) return "max_retries";
    if (delayMs >= call.remainingMs()) return "no_time";
    return this.#options.budget.take() ? "retried" : "no_budget";
  }
}

/** Waits, at most until the call ends. */
function pause(delayMs: number, call: RetriedCall): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    call.onEnded(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
