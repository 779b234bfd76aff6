import { HttpError, send } from "./http.ts";
import type { ProblemDocument } from "./problem.ts";
import { eventsOf } from "./sse.ts";
import { type Timing, timingOfEvent, timingOfHeader } from "./timing.ts";

export type Via = "grpc" | "rest";

/** What happens while a request runs. */
export interface TryEvents {
  /** The answer's head is there. */
  readonly onTrace: (traceId: string) => void;
  readonly onMessage: (message: string) => void;
  readonly onValue: (value: number) => void;
  readonly onTiming: (timing: Timing) => void;
}

/** A failure in the middle of a stream: the problem document that ended it. */
export class StreamError extends Error {
  readonly problem: ProblemDocument;
  constructor(problem: ProblemDocument) {
    super(problem.detail ?? problem.title ?? "The stream has broken.");
    this.problem = problem;
  }
}

/** `GET /a/hello` through a gateway. Throws the gateway's problem document as an `HttpError`. */
export async function tryA(via: Via, name: string, on: TryEvents, signal: AbortSignal): Promise<void> {
  const search = new URLSearchParams({ backend: via, name });
  const answer = await send("POST", `/api/try/a/hello?${search}`, { signal });
  on.onTrace(answer.headers.get("x-trace-id") ?? "");
  const timing = timingOfHeader(answer.headers.get("server-timing"));
  const { message } = (await answer.json()) as { message?: unknown };
  on.onMessage(String(message ?? ""));
  if (timing) on.onTiming(timing);
}

/** `GET /b/numbers` through a gateway, each value as it comes. Count and delay go as they were typed. */
export async function tryB(
  via: Via,
  { count, delayMs }: { readonly count: string; readonly delayMs: string },
  on: TryEvents,
  signal: AbortSignal,
): Promise<void> {
  const search = new URLSearchParams({ backend: via, count, delay_ms: delayMs });
  const answer = await send("POST", `/api/try/b/numbers?${search}`, { signal });
  on.onTrace(answer.headers.get("x-trace-id") ?? "");
  let ended = false;
  for await (const { event, data } of answer.body ? eventsOf(answer.body) : []) {
    const told = JSON.parse(data) as Readonly<Record<string, unknown>>;
    if (event === "number") on.onValue(Number(told.value));
    if (event === "error") throw new StreamError(told as ProblemDocument);
    const timing = event === "timing" ? timingOfEvent(told) : undefined;
    if (timing) on.onTiming(timing);
    ended ||= event === "end";
  }
  signal.throwIfAborted();
  if (!ended) throw new HttpError("The stream broke off before its end.", 0);
}
