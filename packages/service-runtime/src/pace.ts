import { type NumbersParams, requestedStreamMs } from "@lgtm-lab/contracts";
import { exemplarOf, Histogram, registry } from "@lgtm-lab/telemetry";
import type { Call } from "./call.ts";

const streamExcess = new Histogram({
  name: "lab_stream_excess_seconds",
  help: "Time by which a stream took longer than requested. A stalled stream is observed when its deadline expires.",
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5],
  enableExemplars: true,
  registers: [registry],
});

/** Observes by how much a stream that began at `start` took longer than requested. A shorter time counts as 0. */
function observeExcess(params: NumbersParams, start: number): void {
  const seconds = (performance.now() - start - requestedStreamMs(params)) / 1000;
  streamExcess.observe({ value: Math.max(0, seconds), exemplarLabels: exemplarOf() });
}

/**
 * Runs the work that sends or receives a stream of values, and observes by how much it took longer than requested
 * (`lab_stream_excess_seconds`). A stream that its deadline ends is observed too, so that a stalled stream counts as
 * slow. Streams that the client cancelled or that failed are not observed.
 */
export async function observePace<T>(params: NumbersParams, call: Call, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    const result = await work();
    observeExcess(params, start);
    return result;
  } catch (error) {
    if (call.ended?.reason === "deadline") observeExcess(params, start);
    throw error;
  }
}

/** Requests a stream of values, passes it on and observes it like {@link observePace}. */
export async function* withPace(
  params: NumbersParams,
  call: Call,
  request: () => AsyncIterable<number> | Iterable<number>,
): AsyncGenerator<number> {
  const start = performance.now();
  try {
    yield* request();
    observeExcess(params, start);
  } catch (error) {
    if (call.ended?.reason === "deadline") observeExcess(params, start);
    throw error;
  }
}
