import { callBudgetMs, type NumbersBody, type NumbersParams, parseNumbersQuery } from "@lgtm-lab/contracts";
import { type ObservedStream, observeStream } from "@lgtm-lab/telemetry/hono";
import type { Context, Handler } from "hono";
import { accepts } from "hono/accepts";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type Call, CallEnded } from "../call.ts";
import { IN_FLIGHT, InFlight, LONG_IN_FLIGHT } from "../http/in-flight.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { observePace } from "../pace.ts";
import { problemDocumentOf, toProblem } from "../problem.ts";
import { openHttpCall, rawQuery } from "./call.ts";
import { tellTiming, timingEvent } from "./timing.ts";

const LONG_MS = 1000;

/** Where the numbers come from: made here (service B), or asked for (the gateway). */
export interface NumbersSource {
  /** The values, each as soon as there is one. */
  stream(params: NumbersParams, call: Call): AsyncIterable<number>;
  /** The values as a whole, where the source has a cheaper way to them than one by one. */
  collect?(params: NumbersParams, call: Call): Promise<number[]>;
}

/**
 * `GET /b/numbers?count=&delay_ms=`: the same route at the gateway and at service B's REST variant. Answers with all
 * values as JSON, or with `Accept: text/event-stream` with one event per value as it is produced.
 * At most `limits` requests are in flight. Streams, and requests that take more than a second by what they ask for, have a
 * bound of their own, `longLimits`: they mostly wait, and must neither block the others nor each other.
 */
export function numbersRoute(
  lifecycle: Lifecycle,
  source: NumbersSource,
  limits = IN_FLIGHT,
  longLimits = LONG_IN_FLIGHT,
): Handler {
  const short = new InFlight(limits);
  const long = new InFlight(longLimits);
  return async function numbers(c) {
    const params = parseNumbersQuery(rawQuery(c));
    const call = openHttpCall(c, lifecycle, callBudgetMs(params));
    const streamed = observePace(params, call, valuesOf(source, params, call, wantsEvents(c)));
    if (wantsEvents(c)) return numbersEvents(c, call, streamed, long);
    using _ = call;
    const inFlight = (params.count - 1) * params.delay_ms > LONG_MS ? long : short;
    const turn = inFlight.enter(call);
    if (turn) await turn;
    try {
      const values = await Array.fromAsync(streamed);
      tellTiming(c, call);
      return c.json<NumbersBody>({ from: "B", values });
    } finally {
      inFlight.leave();
    }
  };
}

function wantsEvents(c: Context): boolean {
  const supports = ["application/json", "text/event-stream"];
  const accepted = accepts(c, { header: "Accept", supports, default: "application/json" });
  return accepted === "text/event-stream" && c.req.method === "GET";
}

async function* valuesOf(
  source: NumbersSource,
  params: NumbersParams,
  call: Call,
  oneByOne: boolean,
): AsyncGenerator<number> {
  if (oneByOne || !source.collect) yield* source.stream(params, call);
  else yield* await source.collect(params, call);
}

/**
 * Answers with Server-Sent Events: `event: number` with `{"value":n}` for each value, then `event: end` (and before it
 * `event: timing`, where another service was asked for them). A failure after the first value is `event: error` with the
 * problem document. A failure before it rejects, so that the response has the proper status. The call is disposed of, and
 * its place in `inFlight` given back, when the stream ends.
 */
async function numbersEvents(
  c: Context,
  call: Call,
  values: AsyncGenerator<number>,
  inFlight: InFlight,
): Promise<Response> {
  const observed = observeStream(c);
  let next: IteratorResult<number>;
  let entered = false;
  try {
    const turn = inFlight.enter(call);
    if (turn) await turn;
    entered = true;
    next = await values.next();
  } catch (error) {
    call[Symbol.dispose]();
    if (entered) inFlight.leave();
    throw error;
  }
  // Proxies that buffer would hold the values back.
  c.header("x-accel-buffering", "no");
  return streamSSE(c, async (stream) => {
    using _ = call;
    try {
      let id = 0;
      for (; !next.done; next = await values.next()) {
        id += 1;
        observed.message();
        await stream.writeSSE({
          id: String(id),
          event: "number",
          data: JSON.stringify({ value: next.value }),
        });
      }
      const timing = timingEvent(call);
      if (timing) await stream.writeSSE(timing);
      await stream.writeSSE({ event: "end", data: JSON.stringify({ from: "B", count: id }) });
    } catch (error) {
      await sendError(stream, observed, error);
    } finally {
      try {
        await values.return(undefined);
      } finally {
        inFlight.leave();
      }
    }
  });
}

async function sendError(stream: SSEStreamingApi, observed: ObservedStream, error: unknown): Promise<void> {
  if (error instanceof CallEnded && error.why === "client-gone") return;
  const document = problemDocumentOf(toProblem(error));
  observed.failed(document.status, error instanceof Error ? error : undefined);
  await stream.writeSSE({ event: "error", data: JSON.stringify(document) });
}
