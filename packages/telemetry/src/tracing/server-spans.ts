import { AsyncLocalStorage } from "node:async_hooks";
import { SpanKind } from "@opentelemetry/api";
import type { Span, SpanProcessor } from "@opentelemetry/sdk-trace";

/** Holds the server span of one gRPC call. The interceptor creates the holder; the span is added when it starts. */
export interface ServerSpanHolder {
  span?: Span;
}

const current = new AsyncLocalStorage<ServerSpanHolder>();

/** Runs the rest of the call (interceptors, then the handler) so that its server span is stored in `holder`. */
export const runWithSpanHolder = (holder: ServerSpanHolder, next: () => void): void =>
  current.run(holder, next);

/** Stores each gRPC server span in the holder of its call. */
export const serverSpanProcessor: SpanProcessor = {
  onStart: (span) => {
    if (span.kind !== SpanKind.SERVER) return;
    const holder = current.getStore();
    if (holder && !holder.span) holder.span = span;
  },
  onEnd: () => {},
  forceFlush: async () => {},
  shutdown: async () => {},
};
