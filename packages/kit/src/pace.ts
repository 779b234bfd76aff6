import { type NumbersParams, requestedStreamMs } from "@lgtm-lab/contracts";
import { observeStreamExcess } from "@lgtm-lab/telemetry";
import { type Call, CallEnded } from "./call.ts";

/**
 * Passes a stream of values on, and observes how much longer it took than was asked for (`lab_stream_excess_seconds`).
 * A stream that its deadline ends is observed then, so that a stalled one counts as slow rather than not at all; one
 * that the client leaves, or that breaks, says nothing about pace.
 */
export async function* observePace(
  params: NumbersParams,
  call: Call,
  values: AsyncIterable<number>,
): AsyncGenerator<number> {
  const start = performance.now();
  const observe = () => observeStreamExcess((performance.now() - start - requestedStreamMs(params)) / 1000);
  try {
    yield* values;
    observe();
  } catch (error) {
    const { reason } = call.signal;
    if (reason instanceof CallEnded && reason.why === "deadline") observe();
    throw error;
  }
}
