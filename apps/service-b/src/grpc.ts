import { type EventEmitter, once } from "node:events";
import { callBudgetMs, parseStreamRequest } from "@lgtm-lab/contracts";
import type { ServiceBServer } from "@lgtm-lab/contracts/proto";
import { type Lifecycle, type NumbersSource, observePace } from "@lgtm-lab/service-runtime";
import { openGrpcCall, toGrpcError } from "@lgtm-lab/service-runtime/grpc";

/**
 * Returns the gRPC implementation of service B. An invalid request is answered with INVALID_ARGUMENT. A stream ends
 * early with CANCELLED if the client cancels it, DEADLINE_EXCEEDED at its deadline, and UNAVAILABLE if the service
 * stops.
 */
export const serviceB = (lifecycle: Lifecycle, source: NumbersSource): ServiceBServer => ({
  async streamNumbers(stream) {
    try {
      const params = parseStreamRequest(stream.request);
      using call = openGrpcCall(stream, callBudgetMs(params), lifecycle.cutOff);
      for await (const value of observePace(params, call, source.stream(params, call))) {
        // Waits for a slow reader instead of buffering values in memory.
        if (!stream.write({ value })) await drained(stream, call.signal);
      }
      stream.end();
    } catch (error) {
      // grpc-js sends the status of an emitted error; destroy() would not send it.
      stream.emit("error", toGrpcError(error));
    }
  },
});

async function drained(stream: EventEmitter, signal: AbortSignal): Promise<void> {
  try {
    await once(stream, "drain", { signal });
  } catch (error) {
    // once() rejects with its own AbortError, but the status depends on the reason of the call's signal.
    signal.throwIfAborted();
    throw error;
  }
}
