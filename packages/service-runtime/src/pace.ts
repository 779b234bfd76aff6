import { type NumbersParams, requestedStreamMs } from "@lgtm-lab/contracts";
import { observeStreamExcess } from "@lgtm-lab/telemetry";
import { type Call, CallEnded } from "./call.ts";

/**
 * Passes on a stream of values and observes by how much it took longer than requested (`lab_stream_excess_seconds`). A
 * stream that its deadline ends is observed too, so that a stalled stream counts as slow. Streams that the client
 * cancelled or that failed are not observed.
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
