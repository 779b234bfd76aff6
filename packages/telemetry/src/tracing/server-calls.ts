import { AsyncLocalStorage } from "node:async_hooks";
import { SpanKind } from "@opentelemetry/api";
import type { Span, SpanProcessor } from "@opentelemetry/sdk-trace";

/** The record of a gRPC server interceptor for its call, which gets the span that instrumentation-grpc starts later. */
export interface ServerCall {
  span?: Span;
}

const current = new AsyncLocalStorage<ServerCall>();

/** Runs the rest of the call (interceptors, then the handler) so that its server span is recorded in `call`. */
export const runCall = (call: ServerCall, next: () => void): void => current.run(call, next);

/** Passes each gRPC server span to the interceptor that waits for it. */
export const serverCalls: SpanProcessor = {
  onStart: (span) => {
    if (span.kind !== SpanKind.SERVER) return;
    const call = current.getStore();
    if (call && !call.span) call.span = span;
  },
  onEnd: () => {},
  forceFlush: async () => {},
  shutdown: async () => {},
};
