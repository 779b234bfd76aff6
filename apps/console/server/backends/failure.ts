import { type Call, CallEnded, Problem } from "@lgtm-lab/service-runtime";
import { type Backend, wayBack } from "./backends.ts";

/**
 * A request to a backend that came to no end, as the browser shall see it: 503 when nobody is there, 504 when it was too
 * slow, 502 when it broke off. When we ended the request ourselves, the reason for that.
 */
export function failureOf(
  error: unknown,
  backend: Backend,
  call: Pick<Call, "signal">,
  answered: boolean,
): unknown {
  if (error instanceof Problem) return error;
  const { title, address } = backend;
  const { reason } = call.signal;
  if (reason instanceof CallEnded) {
    if (reason.why !== "deadline") return reason;
    const detail = `${title} (${address}) did not answer in time. ${wayBack(backend)}`;
    return new Problem("backend-too-slow", detail, { cause: error });
  }
  const why = reasonOf(error);
  if (answered)
    return new Problem("backend-broken", `${title} (${address}) broke off its answer: ${why}.`, {
      cause: error,
    });
  return new Problem(
    "backend-down",
    `${title} cannot be reached at ${address} (${why}). ${wayBack(backend)}`,
    {
      cause: error,
    },
  );
}

/** What a failed fetch says of its reason, which it hides in `cause`. */
export function reasonOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause)
    if ("code" in each && typeof each.code === "string") return each.code;
  return error instanceof Error ? error.message : String(error);
}
