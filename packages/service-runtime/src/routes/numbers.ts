import {
  callBudgetMs,
  InvalidParamsError,
  type NumbersParams,
  type NumbersResponseBody,
  parseNumbersQuery,
  rawQuery,
  requestedStreamMs,
} from "@lgtm-lab/contracts";
import { ConcurrencyLimiter, LONG_REQUEST_LIMITS, SHORT_REQUEST_LIMITS } from "@lgtm-lab/resilience";
import { type ObservedStream, observeStream } from "@lgtm-lab/telemetry/hono";
import type { Context, Handler } from "hono";
import { accepts } from "hono/accepts";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type Call, CallEnded } from "../call.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { observePace, withPace } from "../pace.ts";
import { problemDocumentOf, toProblem } from "../problem.ts";
import { openHttpCall, type RouteOptions } from "./call.ts";
import { setServerTiming, timingEvent } from "./timing.ts";

/** Requests that take longer than this by their parameters count as long; milliseconds. */
const LONG_MS = 1000;

/** A source of numbers: service B produces them, the gateway requests them from service B. */
export interface NumbersSource {
  /** The values one by one. An iterable that is not asynchronous has all values at once, at a lower cost. */
  stream(params: NumbersParams, call: Call): AsyncIterable<number> | Iterable<number>;
  /** All values at once, if the source can do this at a lower cost. */
  collect?(params: NumbersParams, call: Call): Promise<number[]>;
}

/**
 * `GET /b/numbers?count=&delay_ms=`, at the gateway and at service B. Responds with all values as JSON, or for `Accept:
 * text/event-stream` with one event for each value. Streams, and requests that take more than a second by their
 * parameters, have a separate bound, so that they do not block others.
 */
export function numbersRoute(
  lifecycle: Lifecycle,
  source: NumbersSource,
  {
    check,
    inFlight = SHORT_REQUEST_LIMITS,
    longInFlight = LONG_REQUEST_LIMITS,
    timeoutMs,
  }: RouteOptions = {},
): Handler {
  const short = new ConcurrencyLimiter(inFlight);
  const long = new ConcurrencyLimiter(longInFlight);
  return async function numbers(c) {
    const events = wantsEvents(c);
    const valid = check ? validParams(c) : readParams(c);
    const limiter = events || (valid && requestedStreamMs(valid) > LONG_MS) ? long : short;
    if (check) {
      using _ = limiter.reserve();
      const refusal = await check(c);
      if (refusal) return refusal;
    }
    const params = valid ?? readParams(c);
    const call = openHttpCall(c, lifecycle, callBudgetMs(params, timeoutMs));
    if (events) {
      const values = withPace(params, call, () => source.stream(params, call));
      return respondWithEvents(c, call, values, limiter);
    }
    using _ = call;
    const turn = limiter.acquire(call);
    if (turn) await turn; // no await without a queue, which saves a microtask
    try {
      const values = await observePace(params, call, () => collect(source, params, call));
      setServerTiming(c, call);
      return c.json<NumbersResponseBody>({ from: "B", values });
    } finally {
      limiter.release();
    }
  };
}

const readParams = (c: Context): NumbersParams => parseNumbersQuery(rawQuery(c.req.url));

/** Returns undefined if the parameters are invalid, which a client learns only after the check of its request. */
function validParams(c: Context): NumbersParams | undefined {
  try {
    return readParams(c);
  } catch (error) {
    if (error instanceof InvalidParamsError) return undefined;
    throw error;
  }
}

function wantsEvents(c: Context): boolean {
  const supports = ["application/json", "text/event-stream"];
  const accepted = accepts(c, { header: "Accept", supports, default: "application/json" });
  return accepted === "text/event-stream" && c.req.method === "GET";
}

function collect(source: NumbersSource, params: NumbersParams, call: Call): Promise<number[]> {
  return source.collect?.(params, call) ?? Array.fromAsync(source.stream(params, call));
}

/**
 * Responds with Server-Sent Events: `event: number` with `{"value":n}` for each value, `event: timing` if another
 * service was called, and `event: end`. An error after the first value is sent as `event: error` with the problem
 * document. An error before it rejects, so that the response has its status. The call is disposed and released when the
 * stream ends.
 */
async function respondWithEvents(
  c: Context,
  call: Call,
  values: AsyncGenerator<number>,
  limiter: ConcurrencyLimiter,
): Promise<Response> {
  const observed = observeStream(c);
  let next: IteratorResult<number>;
  let acquired = false;
  try {
    const turn = limiter.acquire(call);
    if (turn) await turn;
    acquired = true;
    next = await values.next();
  } catch (error) {
    call[Symbol.dispose]();
    if (acquired) limiter.release();
    throw error;
  }
  // Keeps proxies such as nginx from buffering the events.
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
        limiter.release();
      }
    }
  });
}

async function sendError(stream: SSEStreamingApi, observed: ObservedStream, error: unknown): Promise<void> {
  if (error instanceof CallEnded && error.reason === "client-disconnected") return;
  const document = problemDocumentOf(toProblem(error));
  observed.failed(document.status, error instanceof Error ? error : undefined);
  await stream.writeSSE({ event: "error", data: JSON.stringify(document) });
}
