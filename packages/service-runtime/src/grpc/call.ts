import {
  type Deadline,
  type ServerErrorResponse,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
import { InvalidParamsError } from "@lgtm-lab/contracts";
import { type Call, CallEnded, openCall } from "../call.ts";

/**
 * A caller whose deadline passes cancels the call, and its cancellation can arrive slightly before our own timer. A
 * cancellation this close to the deadline counts as the deadline.
 */
const DEADLINE_TOLERANCE_MS = 50;

/**
 * Opens the call of a gRPC request. It ends after `budgetMs` or at the caller's deadline, whichever is first, when the
 * caller cancels it, or when the service stops.
 */
export function openGrpcCall(
  call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
  budgetMs: number,
  shutdownSignal: AbortSignal,
): Call {
  return openCall({
    budgetMs: Math.min(msUntil(call.getDeadline()), budgetMs),
    // grpc-js also emits this event when the deadline passed, which is not a cancellation by the client.
    client: (disconnected) =>
      call.once("cancelled", () => {
        if (msUntil(call.getDeadline()) > DEADLINE_TOLERANCE_MS) disconnected();
      }),
    shutdownSignal,
  });
}

/** Converts any thrown value to a gRPC status. Unexpected errors become INTERNAL, without their message. */
export function toGrpcError(error: unknown): ServerErrorResponse & { code: status } {
  const make = (code: status, details: string) => Object.assign(new Error(details), { code, details });
  if (error instanceof InvalidParamsError) return make(status.INVALID_ARGUMENT, error.message);
  if (error instanceof CallEnded) return make(STATUS_OF_REASON[error.reason], error.message);
  return make(status.INTERNAL, "internal error; see the trace and the log");
}

const STATUS_OF_REASON = {
  "client-disconnected": status.CANCELLED,
  deadline: status.DEADLINE_EXCEEDED,
  shutdown: status.UNAVAILABLE,
} as const satisfies Record<CallEnded["reason"], status>;

const msUntil = (deadline: Deadline): number => Number(deadline) - Date.now();
