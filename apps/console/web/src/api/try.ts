import type { ProblemDocument } from "@lgtm-lab/contracts";
import type { Protocol } from "@lgtm-lab/contracts/services";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { HttpError, send } from "./http.ts";

/** Callbacks for the progress of a request. */
export interface TryEvents {
  /** The response headers have arrived. */
  readonly onTrace: (traceId: string) => void;
  readonly onMessage: (message: string) => void;
  readonly onValue: (value: number) => void;
  readonly onTiming: (timing: Timing) => void;
}

/** Thrown if a problem document ends a stream. */
export class StreamError extends Error {
  readonly problem: Partial<ProblemDocument>;
  constructor(problem: Partial<ProblemDocument>) {
    super(problem.detail ?? problem.title ?? "The stream has broken.");
    this.problem = problem;
  }
}

/** `GET /a/hello` through a gateway. Throws the gateway's problem document as an `HttpError`. */
export async function tryA(
  protocol: Protocol,
  name: string,
  on: TryEvents,
  signal: AbortSignal,
): Promise<void> {
  const search = new URLSearchParams({ backend: protocol, name });
  const response = await send("POST", `/api/try/a/hello?${search}`, { signal });
  on.onTrace(response.headers.get("x-trace-id") ?? "");
  const timing = timingOfHeader(response.headers.get("server-timing"));
  const { message } = (await response.json()) as { message?: unknown };
  on.onMessage(String(message ?? ""));
  if (timing) on.onTiming(timing);
}

/** `GET /b/numbers` through a gateway, value by value. Sends count and delay as typed. */
export async function tryB(
  protocol: Protocol,
  { count, delayMs }: { readonly count: string; readonly delayMs: string },
  on: TryEvents,
  signal: AbortSignal,
): Promise<void> {
  const search = new URLSearchParams({ backend: protocol, count, delay_ms: delayMs });
  const response = await send("POST", `/api/try/b/numbers?${search}`, { signal });
  on.onTrace(response.headers.get("x-trace-id") ?? "");
  let ended = false;
  for await (const { event, data } of response.body ? eventsOf(response.body) : []) {
    const payload = JSON.parse(data) as Readonly<Record<string, unknown>>;
    if (event === "number") on.onValue(Number(payload.value));
    if (event === "error") throw new StreamError(payload as Partial<ProblemDocument>);
    const timing = event === "timing" ? timingOfEvent(payload) : undefined;
    if (timing) on.onTiming(timing);
    ended ||= event === "end";
  }
  signal.throwIfAborted();
  if (!ended) throw new HttpError("The stream ended unexpectedly.", 0);
}

/** The cost of a request, as measured by the gateway. */
export interface Timing {
  readonly totalMs: number;
  /** The part of `totalMs` for the call to A or B. */
  readonly upstreamMs: number;
  /** Bytes between gateway and service, including headers and framing. */
  readonly sent: number;
  readonly received: number;
}

/** Parses the header `Server-Timing`. Returns undefined if it is incomplete. */
export function timingOfHeader(header: string | null): Timing | undefined {
  const entries = new Map<string, { dur: number; desc: string }>();
  for (const part of (header ?? "").split(",")) {
    const [name = "", ...params] = part.split(";").map((one) => one.trim());
    const value = (key: string) =>
      params.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
    entries.set(name, { dur: Number(value("dur") || Number.NaN), desc: value("desc").replaceAll('"', "") });
  }
  return timing(
    entries.get("total")?.dur,
    entries.get("upstream")?.dur,
    Number(entries.get("sent")?.desc || Number.NaN),
    Number(entries.get("received")?.desc || Number.NaN),
  );
}

/** Parses the event `timing` of a stream. Returns undefined if it is incomplete. */
export function timingOfEvent(data: unknown): Timing | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const fields = data as Readonly<Record<string, unknown>>;
  return timing(fields.total_ms, fields.upstream_ms, fields.sent, fields.received);
}

function timing(...values: readonly unknown[]): Timing | undefined {
  const [totalMs, upstreamMs, sent, received] = values;
  const known = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
  if (!known(totalMs) || !known(upstreamMs) || !known(sent) || !known(received)) return undefined;
  return { totalMs, upstreamMs, sent, received };
}

/** Parses the server-sent events of a body. `EventSource` cannot be used, because it cannot send headers. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<EventSourceMessage> {
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => void waiting.push(event) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      parser.feed(decoder.decode(read.value, { stream: true }));
      yield* waiting.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
