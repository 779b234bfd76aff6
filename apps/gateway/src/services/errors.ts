import { type ServiceError, status } from "@grpc/grpc-js";
import { errorCode, PROBLEM_MEDIA_TYPE, type ProblemDocument, problemDocument } from "@lgtm-lab/contracts";
import { type Call, Problem } from "@lgtm-lab/service-runtime";
import * as v from "valibot";

/** A failed request to a service, for messages: the service, and the number of values of a stream that had arrived. */
interface FailedRequest {
  readonly service: string;
  readonly received: number;
  readonly cause: unknown;
}

const tooSlow = ({ service, received, cause }: FailedRequest) =>
  new Problem("backend-too-slow", `${service} did not respond in time${after(received)}.`, { cause });

const unreachable = ({ service, cause }: FailedRequest) =>
  new Problem("backend-down", `${service} cannot be reached.`, { cause });

const failed = ({ service, received, cause }: FailedRequest, detail: string) =>
  new Problem("backend-broken", `${service} failed${after(received)}${detail}`, { cause });

const after = (received: number) => (received > 0 ? ` after ${received} values` : "");

/**
 * Returns the error for the client if this service ended the call, otherwise undefined. The requests of a
 * call have the same deadline.
 */
function endedByUs({ ended }: Call, request: FailedRequest): unknown {
  return ended?.reason === "deadline" ? tooSlow(request) : ended;
}

/**
 * Returns the error for the client after a failed gRPC call: 503 if the service could not be reached, 504 if it was too
 * slow, 502 if it failed, also in the middle of a stream. If this service ended the call, returns the reason for that.
 */
export function fromGrpc(error: unknown, service: string, call: Call, received = 0): unknown {
  const request = { service, received, cause: error };
  const { code, details } = error as Partial<ServiceError>;
  if (code === status.DEADLINE_EXCEEDED) return tooSlow(request);
  const ended = endedByUs(call, request);
  if (ended !== undefined) return ended;
  if (code === status.UNAVAILABLE && received === 0) return unreachable(request);
  return failed(request, ` with ${code === undefined ? "an unknown error" : `${status[code]}: ${details}`}.`);
}

/** Codes of errors that occur before a response arrives: the service cannot be reached. */
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** The progress of a request before it failed. */
export interface Progress {
  /** The headers of the response have arrived. */
  responded: boolean;
  /** The number of values of a stream that have arrived. */
  received?: number;
}

/** Returns the error for the client after a failed request over REST, by the same rules as {@link fromGrpc}. */
export function fromFetch(error: unknown, service: string, call: Call, progress: Progress): unknown {
  if (error instanceof Problem) return error;
  const { responded, received = 0 } = progress;
  const request = { service, received, cause: error };
  const ended = endedByUs(call, request);
  if (ended !== undefined) return ended;
  const code = errorCode(error);
  if (!responded && code !== undefined && UNREACHABLE.has(code)) return unreachable(request);
  return failed(request, `: ${(error as Error).message}.`);
}

/** Throws the error for the client if a response has another status than 200. */
export async function checkStatus(response: Response, service: string): Promise<void> {
  if (response.status === 200) return;
  const text = await response.text();
  const isProblem = response.headers.get("content-type")?.startsWith(PROBLEM_MEDIA_TYPE);
  const document = isProblem ? parseBody(problemDocument, text, service) : undefined;
  throw fromStatus(response.status, document, { service, received: 0, cause: document });
}

/** Returns the error for the client for an `event: error` in a stream. */
export function fromEvent(data: string, service: string, received: number): Problem {
  const document = parseBody(problemDocument, data, service);
  const status = received > 0 && document.status === 503 ? 502 : document.status;
  return fromStatus(status, document, { service, received, cause: document });
}

/** Parses a body that must be JSON of the given shape; otherwise throws the problem `backend-broken`. */
export function parseBody<T>(schema: v.GenericSchema<unknown, T>, text: string, service: string): T {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (error) {
    throw new Problem("backend-broken", `${service} sent an invalid response.`, { cause: error });
  }
}

function fromStatus(code: number, document: ProblemDocument | undefined, request: FailedRequest): Problem {
  if (code === 503)
    return new Problem("backend-down", `${request.service} is unavailable${after(request.received)}.`, {
      cause: request.cause,
    });
  if (code === 504) return tooSlow(request);
  return failed(request, ` with status ${code}${document ? `: ${document.detail}` : "."}`);
}
