import { type ObservedStream, observeStream } from "@lgtm-lab/telemetry/hono";
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type Call, CallEnded } from "../call.ts";
import type { InFlight } from "../http/in-flight.ts";
import { problemDocumentOf, toProblem } from "../problem.ts";
import { timingEvent } from "./timing.ts";

/**
 * Answers with Server-Sent Events: `event: number` with `{"value":n}` for each value, then `event: end` (and before it
 * `event: timing`, where another service was asked for them). A failure after the first value is `event: error` with the
 * problem document. A failure before it rejects, so that the response has the proper status. The call is disposed of, and
 * its place in `inFlight` given back, when the stream ends.
 */
export async function numbersEvents(
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
