import { type EventEmitter, once } from "node:events";
import { callBudgetMs, parseStreamRequest } from "@lgtm-lab/contracts";
import type { ServiceBServer } from "@lgtm-lab/contracts/proto";
import { type Lifecycle, type NumbersSource, observePace, openGrpcCall, toGrpcError } from "@lgtm-lab/kit";

/**
 * ServiceB over gRPC. A request that breaks the contract is INVALID_ARGUMENT; a stream ends early with CANCELLED when the
 * client leaves, DEADLINE_EXCEEDED when its deadline passes and UNAVAILABLE when the service must stop.
 */
export const serviceB = (lifecycle: Lifecycle, source: NumbersSource): ServiceBServer => ({
  async streamNumbers(stream) {
    try {
      const params = parseStreamRequest(stream.request);
      using call = openGrpcCall(stream, callBudgetMs(params), lifecycle.cutOff);
      for await (const value of observePace(params, call, source.stream(params, call))) {
        // A slow reader holds the producer back, rather than filling memory here.
        if (!stream.write({ value })) await drained(stream, call.signal);
      }
      stream.end();
    } catch (error) {
      // Not destroy(): grpc-js sends the status of an error that is emitted.
      stream.emit("error", toGrpcError(error));
    }
  },
});

async function drained(stream: EventEmitter, signal: AbortSignal): Promise<void> {
  try {
    await once(stream, "drain", { signal });
  } catch (error) {
    // once() rejects with an AbortError of its own; the call's reason decides the status.
    signal.throwIfAborted();
    throw error;
  }
}
