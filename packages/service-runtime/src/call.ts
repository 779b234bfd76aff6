/**
 * The reason of {@link Call.signal}: why this service ended a call. It has the name of the platform's abort reasons, by
 * which `fetch` and the telemetry of requests distinguish a timeout from a cancellation.
 */
export class CallEnded extends Error {
  readonly why: "client-gone" | "deadline" | "shutdown";

  constructor(why: CallEnded["why"]) {
    super(
      {
        "client-gone": "the client disconnected",
        deadline: "the deadline passed",
        shutdown: "the service is shutting down",
      }[why],
    );
    this.why = why;
    this.name = why === "deadline" ? "TimeoutError" : "AbortError";
  }
}

/** The cost of a request that a call made to another service. */
export interface Upstream {
  readonly protocol: string;
  ms: number;
  /** Bytes of TCP payload. */
  sent: number;
  received: number;
}

/** One call that a service handles: its deadline and its cancellation. */
export interface Call extends Disposable {
  /** Aborts when the client disconnects, the deadline passes or the service stops. The reason is a {@link CallEnded}. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline; at least 1, because some peers read 0 as no deadline. */
  remainingMs(): number;
  /** Milliseconds since the call was opened. */
  elapsedMs(): number;
  /** Set by the code that calls another service on behalf of this call. */
  upstream?: Upstream;
}

/**
 * Opens a call whose deadline is `budgetMs` from now. Dispose it (`using`) when the response is complete. Otherwise
 * listeners accumulate on the long-lived `cutOff`, as they would with `AbortSignal.any`.
 */
export function openCall(options: { budgetMs: number; client: AbortSignal; cutOff: AbortSignal }): Call {
  const { budgetMs, client, cutOff } = options;
  const controller = new AbortController();
  const start = performance.now();
  const deadline = start + budgetMs;
  const end = (why: CallEnded["why"]) => controller.abort(new CallEnded(why));
  const onClientGone = () => end("client-gone");
  const onCutOff = () => end("shutdown");
  const timer = setTimeout(() => end("deadline"), budgetMs);
  client.addEventListener("abort", onClientGone);
  cutOff.addEventListener("abort", onCutOff);
  if (client.aborted) onClientGone();
  if (cutOff.aborted) onCutOff();
  return {
    signal: controller.signal,
    remainingMs: () => Math.max(1, Math.ceil(deadline - performance.now())),
    elapsedMs: () => performance.now() - start,
    [Symbol.dispose]() {
      clearTimeout(timer);
      client.removeEventListener("abort", onClientGone);
      cutOff.removeEventListener("abort", onCutOff);
    },
  };
}
