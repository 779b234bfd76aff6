import { type EventEmitter, once } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { callBudgetMs, parseStreamRequest } from "@lgtm-lab/contracts";
import type { NumberReply, ServiceBServer } from "@lgtm-lab/contracts/proto";
import { type Call, type Lifecycle, type NumbersSource, observePace } from "@lgtm-lab/service-runtime";
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
      using call = openGrpcCall(stream, callBudgetMs(params), lifecycle.shutdownSignal);
      await observePace(params, call, () => writeAll(stream, source.stream(params, call), call));
      stream.end();
    } catch (error) {
      // grpc-js sends the status of an emitted error; destroy() would not send it.
      stream.emit("error", toGrpcError(error));
    }
  },
});

async function writeAll(
  stream: ServerWritableStream<unknown, NumberReply>,
  values: Iterable<number> | AsyncIterable<number>,
  call: Call,
): Promise<void> {
  // Waits for a slow reader instead of buffering values in memory.
  const write = (value: number) => (stream.write({ value }) ? undefined : drained(stream, call.signal));
  if (Symbol.iterator in values) {
    for (const value of values) {
      const wait = write(value);
      if (wait) await wait;
    }
  } else for await (const value of values) await write(value);
}

async function drained(stream: EventEmitter, signal: AbortSignal): Promise<void> {
  try {
    await once(stream, "drain", { signal });
  } catch (error) {
    // once() rejects with its own AbortError, but the status depends on the reason of the call's signal.
    signal.throwIfAborted();
    throw error;
  }
}
