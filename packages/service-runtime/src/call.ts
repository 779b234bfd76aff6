/**
 * Why this service ended a call early; the reason of {@link Call.signal}. It has the name of the platform's abort
 * reasons, by which `fetch` and the telemetry of requests distinguish a timeout from a cancellation.
 */
export class CallEnded extends Error {
  readonly reason: "client-disconnected" | "deadline" | "shutdown";

  constructor(reason: CallEnded["reason"]) {
    super(
      {
        "client-disconnected": "the client disconnected",
        deadline: "the deadline passed",
        shutdown: "the service is shutting down",
      }[reason],
    );
    this.reason = reason;
    this.name = reason === "deadline" ? "TimeoutError" : "AbortError";
  }
}

/** The cost of a request that a call made to another service. */
export interface UpstreamCost {
  readonly protocol: string;
  ms: number;
  /** Bytes of TCP payload. */
  sent: number;
  received: number;
}

/** One call that a service handles: its deadline and its cancellation. */
export interface Call extends Disposable {
  /** Why this service ended the call early; undefined while the call may continue. */
  readonly ended: CallEnded | undefined;
  /**
   * Runs a function when the client disconnects, the deadline passes or the service stops; at once if that has
   * happened. A listener on {@link signal} costs ten times as much.
   */
  onEnded(listener: (ended: CallEnded) => void): void;
  /** Aborts when the call ends early, with {@link ended} as the reason. It is created when it is first read. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline; at least 1, because some peers read 0 as no deadline. */
  remainingMs(): number;
  /** Milliseconds since the call was opened. */
  elapsedMs(): number;
  /** Set by the code that calls another service on behalf of this call. */
  upstreamCost?: UpstreamCost | undefined;
}

/** The limits of one call. */
export interface CallOptions {
  /** Milliseconds until the deadline. */
  readonly budgetMs: number;
  /** Aborts when the client disconnects; or a function that calls its argument then, which costs less. */
  readonly client: AbortSignal | ((disconnected: () => void) => void);
  /** Aborts when calls that still run must end, because the service stops. */
  readonly shutdownSignal: AbortSignal;
}

/** Opens a call whose deadline is `budgetMs` from now. Dispose it (`using`) when the response is complete. */
export const openCall = (options: CallOptions): Call => new OpenCall(options);

class OpenCall implements Call {
  upstreamCost?: UpstreamCost;
  readonly #startedAt = performance.now();
  readonly #budgetMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #others: Set<OpenCall>;
  #listeners: ((ended: CallEnded) => void)[] | undefined;
  #controller: AbortController | undefined;
  #ended: CallEnded | undefined;
  #disposed = false;

  constructor({ budgetMs, client, shutdownSignal }: CallOptions) {
    this.#budgetMs = budgetMs;
    this.#timer = setTimeout(endAtDeadline, budgetMs, this);
    this.#others = callsEndedBy(shutdownSignal);
    this.#others.add(this);
    const disconnected = () => this.end("client-disconnected");
    if (typeof client === "function") client(disconnected);
    else if (client.aborted) disconnected();
    else client.addEventListener("abort", disconnected, { once: true });
    if (shutdownSignal.aborted) this.end("shutdown");
  }

  get ended(): CallEnded | undefined {
    return this.#ended;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    const { signal } = this.#controller;
    if (this.#ended && !signal.aborted) this.#controller.abort(this.#ended);
    return signal;
  }

  onEnded(listener: (ended: CallEnded) => void): void {
    if (this.#ended) listener(this.#ended);
    else if (this.#listeners) this.#listeners.push(listener);
    else this.#listeners = [listener];
  }

  remainingMs(): number {
    return Math.max(1, Math.ceil(this.#startedAt + this.#budgetMs - performance.now()));
  }

  elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Ends the call early. Only the first reason counts, and none after the response is complete. */
  end(reason: CallEnded["reason"]): void {
    if (this.#ended || this.#disposed) return;
    const ended = new CallEnded(reason);
    this.#ended = ended;
    this.#release();
    this.#controller?.abort(ended);
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener(ended);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#listeners = undefined;
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#others.delete(this);
  }
}

const endAtDeadline = (call: OpenCall): void => call.end("deadline");

const openCalls = new WeakMap<AbortSignal, Set<OpenCall>>();

/** Ends a call because the service stops. An error in a listener is thrown later, so that the other calls end too. */
function endSafely(call: OpenCall): void {
  try {
    call.end("shutdown");
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Returns the open calls that a signal ends. The signal has one listener for all calls, because listeners are
 * expensive.
 */
function callsEndedBy(shutdownSignal: AbortSignal): Set<OpenCall> {
  const known = openCalls.get(shutdownSignal);
  if (known) return known;
  const calls = new Set<OpenCall>();
  openCalls.set(shutdownSignal, calls);
  shutdownSignal.addEventListener("abort", () => {
    for (const call of [...calls]) endSafely(call);
  });
  return calls;
}
