/**
 * Why a call was ended from our side; the reason of {@link Call.signal}. Its name is the one that reasons of abort signals
 * have in the platform, by which `fetch` and whoever measures it tell a deadline from other ends.
 */
export class CallEnded extends Error {
  readonly why: "client-gone" | "deadline" | "shutdown";

  constructor(why: CallEnded["why"]) {
    super(
      { "client-gone": "the client left", deadline: "the deadline passed", shutdown: "shutting down" }[why],
    );
    this.why = why;
    this.name = why === "deadline" ? "TimeoutError" : "AbortError";
  }
}

/** What a call has cost on its way to another service and back. */
export interface Upstream {
  readonly protocol: string;
  ms: number;
  /** Bytes on the wire. */
  sent: number;
  received: number;
}

/** One call on its way through a service: when it must end, and how it learns so. */
export interface Call extends Disposable {
  /** Aborts when the client leaves, the deadline passes or the service must stop; its reason is a {@link CallEnded}. */
  readonly signal: AbortSignal;
  /** Milliseconds left until the deadline; at least 1, since a deadline of 0 means none to some peers. */
  remainingMs(): number;
  /** Milliseconds since it was opened. */
  elapsedMs(): number;
  /** Filled in by who asks another service on behalf of this call. */
  upstream?: Upstream;
}

/**
 * Opens a call that must end `budgetMs` from now. Dispose it (`using`) when the answer is complete: listeners on the
 * long-lived `cutOff` would otherwise pile up, which is also why this is not `AbortSignal.any`.
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
