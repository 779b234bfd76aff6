import { Counter, Histogram } from "prom-client";
import { LATENCY_BUCKETS, MESSAGE_BUCKETS, registry } from "./registry.ts";

const registers = [registry];

export type RpcSide = "server" | "client";

/** Returns the metrics of one side of gRPC calls. `rpc_method` is fully qualified: `shop.Orders/Place`. */
function rpcMetrics(side: RpcSide) {
  const direction = side === "server" ? "incoming" : "outgoing";
  return {
    duration: new Histogram({
      name: `rpc_${side}_call_duration_seconds`,
      help: `Duration of ${direction} gRPC calls; of a streaming call, to the end of the stream.`,
      labelNames: ["rpc_method", "rpc_response_status_code"] as const,
      buckets: LATENCY_BUCKETS,
      enableExemplars: true,
      registers,
    }),
    firstMessage: new Histogram({
      name: `rpc_${side}_stream_time_to_first_message_seconds`,
      help: `Time from the start of an ${direction} streaming call to its first message.`,
      labelNames: ["rpc_method"] as const,
      buckets: LATENCY_BUCKETS,
      enableExemplars: true,
      registers,
    }),
    messages: new Histogram({
      name: `rpc_${side}_stream_messages`,
      help: `Messages in one ${direction} streaming call.`,
      labelNames: ["rpc_method"] as const,
      buckets: MESSAGE_BUCKETS,
      registers,
    }),
    cancellations: new Counter({
      name: `rpc_${side}_stream_cancellations_total`,
      help: `Streaming calls (${direction}) that the caller cancelled.`,
      labelNames: ["rpc_method"] as const,
      registers,
    }),
    errors: new Counter({
      name: `rpc_${side}_stream_errors_total`,
      help: `Streaming calls (${direction}) that failed after their first message.`,
      labelNames: ["rpc_method"] as const,
      registers,
    }),
  };
}

export type RpcMetrics = ReturnType<typeof rpcMetrics>;

export const rpc: Record<RpcSide, RpcMetrics> = {
  server: rpcMetrics("server"),
  client: rpcMetrics("client"),
};

const KNOWN_CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "INTERNAL",
  "UNAVAILABLE",
];

/** Starts the series of one method at 0. */
export function zeroMethod(side: RpcSide, method: string, streaming: boolean): void {
  const metrics = rpc[side];
  for (const code of KNOWN_CODES)
    metrics.duration.zero({ rpc_method: method, rpc_response_status_code: code });
  if (!streaming) return;
  metrics.firstMessage.zero({ rpc_method: method });
  metrics.messages.zero({ rpc_method: method });
  metrics.cancellations.inc({ rpc_method: method }, 0);
  metrics.errors.inc({ rpc_method: method }, 0);
}
