import { status as GrpcStatus } from "@grpc/grpc-js";
import type { SpanContext } from "@opentelemetry/api";
import { type RpcSide, rpc } from "../metrics/rpc.ts";
import { exemplarOf } from "../tracing/active.ts";

/** A measured gRPC call, on the server or the client. */
export interface MeasuredCall {
  /** Counts a message of the response. */
  message(spanContext: SpanContext | undefined): void;
  /** Ends the call. Returns its duration in seconds, or undefined if it has already ended. */
  end(code: GrpcStatus, spanContext: SpanContext | undefined): number | undefined;
}

/** Starts measuring a call of `method` (`shop.Orders/Place`). */
export function measureCall(side: RpcSide, method: string, streaming: boolean): MeasuredCall {
  const startedAt = performance.now();
  const metrics = rpc[side];
  const seconds = () => (performance.now() - startedAt) / 1000;
  const streamLabels = { rpc_method: method };
  let messages = 0;
  let ended = false;

  function endStream(code: GrpcStatus): void {
    metrics.messages.observe(streamLabels, messages);
    if (code === GrpcStatus.CANCELLED) metrics.cancellations.inc(streamLabels);
    else if (code !== GrpcStatus.OK && messages > 0) metrics.errors.inc(streamLabels);
  }

  return {
    message(spanContext) {
      messages += 1;
      if (!streaming || messages > 1) return;
      metrics.firstMessage.observe({
        labels: streamLabels,
        value: seconds(),
        exemplarLabels: exemplarOf(spanContext),
      });
    },
    end(code, spanContext) {
      if (ended) return undefined;
      ended = true;
      const value = seconds();
      metrics.duration.observe({
        labels: { rpc_method: method, rpc_response_status_code: GrpcStatus[code] ?? String(code) },
        value,
        exemplarLabels: exemplarOf(spanContext),
      });
      if (streaming) endStream(code);
      return value;
    },
  };
}

/** Converts seconds to the log field `duration_ms`: milliseconds with three decimals. */
export const milliseconds = (seconds: number): number => Math.round(seconds * 1e6) / 1000;

/** Returns the label `rpc_method` of a path: `/shop.Orders/Place` → `shop.Orders/Place`. */
export const methodName = (path: string): string => path.slice(1);

/** Returns whether a path belongs to gRPC's own services, health and reflection, which are not measured. */
export const isInfrastructure = (path: string): boolean => path.startsWith("/grpc.");
