import { status as GrpcStatus, type ServiceError } from "@grpc/grpc-js";
import { errorCode, PROBLEM_MEDIA_TYPE, type ProblemDocument, problemDocument } from "@lgtm-lab/contracts";
import { type Call, Problem } from "@lgtm-lab/service-runtime";
import * as v from "valibot";

/** What an error message says about a failed request: the service, and how many values of a stream had arrived. */
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

const after = (received: number) => (received > 0 ? ` after ${valueCount(received)}` : "");

/** Returns a number of values in words: `1 value`, `2 values`. */
export const valueCount = (count: number): string => (count === 1 ? "1 value" : `${count} values`);

/**
 * Returns the error for the client if this service ended the call, otherwise undefined. The requests of a
 * call have the same deadline.
 */
function endedByUs({ ended }: Call, request: FailedRequest): unknown {
  return ended?.reason === "deadline" ? tooSlow(request) : ended;
}

/**
 * Returns the error for the client after a failed gRPC call: 503 if the service could not be reached, 504 if it was too
 * slow, 502 if it failed, including during a stream. If this service ended the call, returns the reason for that.
 */
export function fromGrpc(error: unknown, service: string, call: Call, received = 0): unknown {
  const request = { service, received, cause: error };
  const { code: grpcCode, details } = error as Partial<ServiceError>;
  if (grpcCode === GrpcStatus.DEADLINE_EXCEEDED) return tooSlow(request);
  const ended = endedByUs(call, request);
  if (ended !== undefined) return ended;
  if (grpcCode === GrpcStatus.UNAVAILABLE && received === 0) return unreachable(request);
  const reason = grpcCode === undefined ? "an unknown error" : `${GrpcStatus[grpcCode]}: ${details}`;
  return failed(request, ` with ${reason}.`);
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

/** The codes of failed TLS handshakes, of OpenSSL and of Node: the service that was meant cannot be reached either. */
const HANDSHAKE =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_)/;

/** The progress of a request before it failed. */
export interface Progress {
  /** The headers of the response have arrived. */
  responded: boolean;
  /** The number of values of a stream that have arrived. */
  received?: number;
}

const isUnreachable = (code: string): boolean => UNREACHABLE.has(code) || HANDSHAKE.test(code);

/** Returns the error for the client after a failed request over REST, by the same rules as {@link fromGrpc}. */
export function fromFetch(error: unknown, service: string, call: Call, progress: Progress): unknown {
  if (error instanceof Problem) return error;
  const { responded, received = 0 } = progress;
  const request = { service, received, cause: error };
  const ended = endedByUs(call, request);
  if (ended !== undefined) return ended;
  const networkError = errorCode(error);
  if (!responded && networkError !== undefined && isUnreachable(networkError)) return unreachable(request);
  return failed(request, `: ${(error as Error).message}.`);
}

/** Throws the error for the client if the status of a response is not 200. */
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
  const httpStatus = received > 0 && document.status === 503 ? 502 : document.status;
  return fromStatus(httpStatus, document, { service, received, cause: document });
}

/** Parses a body that must be JSON of the given shape; otherwise throws the problem `backend-broken`. */
export function parseBody<T>(schema: v.GenericSchema<unknown, T>, text: string, service: string): T {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (error) {
    throw new Problem("backend-broken", `${service} sent an invalid response.`, { cause: error });
  }
}

function fromStatus(
  httpStatus: number,
  document: ProblemDocument | undefined,
  request: FailedRequest,
): Problem {
  if (httpStatus === 503)
    return new Problem("backend-down", `${request.service} is unavailable${after(request.received)}.`, {
      cause: request.cause,
    });
  if (httpStatus === 504) return tooSlow(request);
  return failed(request, ` with status ${httpStatus}${document ? `: ${document.detail}` : "."}`);
}
