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
 * The caller's clock starts first: its cancellation of an expired call can be here before our own deadline, which then
 * ends the call a moment later.
 */
const EARLY_MS = 50;

/**
 * Opens the call behind a gRPC server call: it ends with the caller's deadline (or after `budgetMs`, for a caller that
 * set none or a longer one), its cancellation, or our stop.
 */
export function openGrpcCall(
  call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
  budgetMs: number,
  cutOff: AbortSignal,
): Call {
  const client = new AbortController();
  const allowedMs = msUntil(call.getDeadline());
  const opened = openCall({ budgetMs: Math.min(allowedMs, budgetMs), client: client.signal, cutOff });
  // grpc-js also cancels a call whose deadline passed; that is not the client's doing.
  call.once("cancelled", () => {
    if (msUntil(call.getDeadline()) > EARLY_MS) client.abort();
  });
  return opened;
}

/** Any thrown value as a gRPC status. What is not ours becomes INTERNAL, without its message. */
export function toGrpcError(error: unknown): ServerErrorResponse & { code: status } {
  const make = (code: status, details: string) => Object.assign(new Error(details), { code, details });
  if (error instanceof InvalidParamsError) return make(status.INVALID_ARGUMENT, error.message);
  if (error instanceof CallEnded) return make(ENDED[error.why], error.message);
  return make(status.INTERNAL, "internal error; the trace and the log tell what");
}

const ENDED = {
  "client-gone": status.CANCELLED,
  deadline: status.DEADLINE_EXCEEDED,
  shutdown: status.UNAVAILABLE,
} as const satisfies Record<CallEnded["why"], status>;

const msUntil = (deadline: Deadline): number => Number(deadline) - Date.now();
