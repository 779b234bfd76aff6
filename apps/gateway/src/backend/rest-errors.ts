import { PROBLEM_MEDIA_TYPE, type ProblemDocument, problemDocument } from "@lgtm-lab/contracts";
import { type Call, CallEnded, Problem } from "@lgtm-lab/kit";
import type { z } from "zod";

/** The errors of a connection that never carried an answer: the service is not there. */
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

/** How far a call came before it failed. */
export interface Progress {
  /** The answer's head has arrived. */
  answered: boolean;
  /** Values that have arrived, of a stream. */
  received?: number;
}

/**
 * A failed REST call as the client shall see it, by the same rules as over gRPC: 503 when the service could not be
 * reached, 504 when it was too slow, 502 when it broke. When we ended the call ourselves, the reason for that.
 */
export function fromFetch(error: unknown, service: string, call: Call, progress: Progress): unknown {
  if (error instanceof Problem) return error;
  const { answered, received = 0 } = progress;
  const so = received > 0 ? ` after ${received} values` : "";
  const { reason } = call.signal;
  if (reason instanceof CallEnded) {
    if (reason.why !== "deadline") return reason;
    return new Problem("backend-too-slow", `${service} did not answer in time${so}.`, { cause: error });
  }
  const code = codeOf(error);
  if (!answered && code !== undefined && UNREACHABLE.has(code)) {
    return new Problem("backend-down", `${service} cannot be reached.`, { cause: error });
  }
  return new Problem("backend-broken", `${service} failed${so}: ${(error as Error).message}.`, {
    cause: error,
  });
}

/** Throws the `Problem` that stands for an answer other than 200. */
export async function checkAnswer(answer: Response, service: string): Promise<void> {
  if (answer.status === 200) return;
  const text = await answer.text();
  const isProblem = answer.headers.get("content-type")?.startsWith(PROBLEM_MEDIA_TYPE);
  const document = isProblem ? parseBody(problemDocument, text, service) : undefined;
  throw fromStatus(answer.status, document, service, "");
}

/** The `Problem` that stands for an `event: error` in a stream. */
export function fromEvent(data: string, service: string, received: number): Problem {
  const document = parseBody(problemDocument, data, service);
  return fromStatus(
    received > 0 && document.status === 503 ? 502 : document.status,
    document,
    service,
    ` after ${received} values`,
  );
}

/** Parses a body that must be JSON of the given shape; throws a `Problem` (`backend-broken`) when it is not. */
export function parseBody<T>(schema: z.ZodType<T>, text: string, service: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Problem("backend-broken", `${service} sent an answer that breaks the contract.`, {
      cause: error,
    });
  }
}

function fromStatus(
  status: number,
  document: ProblemDocument | undefined,
  service: string,
  so: string,
): Problem {
  if (status === 503)
    return new Problem("backend-down", `${service} cannot serve${so}.`, { cause: document });
  if (status === 504)
    return new Problem("backend-too-slow", `${service} did not answer in time${so}.`, { cause: document });
  const detail = document ? `: ${document.detail}` : ".";
  return new Problem("backend-broken", `${service} failed${so} with ${status}${detail}`, { cause: document });
}

/** The system's or undici's code, which fetch hides in the cause of its TypeError. */
function codeOf(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ("code" in each && typeof each.code === "string") return each.code;
  }
  return undefined;
}
