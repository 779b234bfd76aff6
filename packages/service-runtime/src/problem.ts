import {
  InvalidParamsError,
  PROBLEM_MEDIA_TYPE,
  PROBLEMS,
  type ProblemDocument,
  type ProblemKind,
} from "@lgtm-lab/contracts";
import { OverloadedError } from "@lgtm-lab/resilience";
import { traceId } from "@lgtm-lab/telemetry";
import { CallEnded } from "./call.ts";

/** An error that is sent to the client as a problem document. */
export class Problem extends Error {
  override name = "Problem";
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind, detail: string, options?: { cause?: unknown }) {
    super(detail, options);
    this.kind = kind;
  }
}

/** Runs work whose errors get no stack trace, because a stack trace takes time and would not be read. */
export function withoutStackTrace<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const KIND_OF_REASON = {
  "client-disconnected": "client-closed-request",
  deadline: "deadline-exceeded",
  shutdown: "draining",
} as const satisfies Record<CallEnded["reason"], ProblemKind>;

/** Converts any thrown value to a problem. Unexpected errors become `internal`, without their message. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof InvalidParamsError)
    return new Problem("invalid-parameter", error.message, { cause: error });
  if (error instanceof OverloadedError)
    return withoutStackTrace(() => new Problem("overloaded", error.message, { cause: error }));
  if (error instanceof CallEnded)
    return new Problem(KIND_OF_REASON[error.reason], error.message, { cause: error });
  return new Problem("internal", "An internal error occurred. See the trace and the log.", { cause: error });
}

/** Converts a problem to a problem document (RFC 9457) with the trace id of the current request. */
export function problemDocumentOf(problem: Problem): ProblemDocument {
  const { status, title } = PROBLEMS[problem.kind];
  const id = traceId();
  return {
    type: `urn:lgtm-lab:problem:${problem.kind}`,
    title,
    status,
    detail: problem.message,
    ...(id && { trace_id: id }),
    ...(problem.cause instanceof InvalidParamsError && { errors: problem.cause.errors }),
  };
}

/** A problem as an HTTP response. */
export function problemResponse(problem: Problem, headers: Record<string, string> = {}): Response {
  const document = problemDocumentOf(problem);
  const { cause } = problem;
  const retry = cause instanceof OverloadedError && { "retry-after": String(cause.retryAfterS) };
  return Response.json(document, {
    status: document.status,
    headers: { "content-type": PROBLEM_MEDIA_TYPE, ...retry, ...headers },
  });
}
