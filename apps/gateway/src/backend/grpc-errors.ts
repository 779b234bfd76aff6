import { type ServiceError, status } from "@grpc/grpc-js";
import { type Call, Problem } from "@lgtm-lab/kit";

/**
 * A failed gRPC call as the client shall see it: 503 when the service could not be reached, 504 when it was too slow, 502
 * when it broke, also in the middle of a stream. When we ended the call ourselves, the reason for that.
 */
export function fromGrpc(error: unknown, service: string, call: Call, received = 0): unknown {
  const { code, details } = error as Partial<ServiceError>;
  const so = received > 0 ? ` after ${received} values` : "";
  if (code === status.DEADLINE_EXCEEDED || isDeadline(call)) {
    return new Problem("backend-too-slow", `${service} did not answer in time${so}.`, { cause: error });
  }
  if (call.signal.aborted) return call.signal.reason;
  if (code === status.UNAVAILABLE && received === 0) {
    return new Problem("backend-down", `${service} cannot be reached.`, { cause: error });
  }
  const what = code === undefined ? "an unknown error" : `${status[code]}: ${details}`;
  return new Problem("backend-broken", `${service} failed${so} with ${what}.`, { cause: error });
}

const isDeadline = ({ signal }: Call): boolean => signal.aborted && signal.reason?.why === "deadline";
