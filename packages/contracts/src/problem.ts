import * as v from "valibot";

/** One invalid parameter, its value and the rule that it violates. */
const invalidParam = v.object({ field: v.string(), value: v.string(), rule: v.string() });
export type InvalidParam = v.InferOutput<typeof invalidParam>;

/** Media type of a problem document (RFC 9457, section 3). */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/**
 * A problem document (RFC 9457). `trace_id` and `errors` are extension members (section 3.2): the trace of the request,
 * and the invalid parameters of a 400.
 */
export const problemDocument = v.object({
  type: v.string(),
  title: v.string(),
  status: v.pipe(v.number(), v.safeInteger(), v.minValue(400), v.maxValue(599)),
  detail: v.string(),
  trace_id: v.optional(v.string()),
  errors: v.optional(v.array(invalidParam)),
});
export type ProblemDocument = v.InferOutput<typeof problemDocument>;

/** The kinds of problems; `type` is `urn:lgtm-lab:problem:<kind>`. docs/errors.md describes each. */
export const PROBLEMS = {
  "invalid-parameter": { status: 400, title: "Invalid parameter" },
  "query-refused": { status: 400, title: "Query refused" },
  unauthorized: { status: 401, title: "Unauthorized" },
  "token-required": { status: 401, title: "Access token required" },
  "invalid-token": { status: 401, title: "Invalid access token" },
  forbidden: { status: 403, title: "Forbidden" },
  "insufficient-scope": { status: 403, title: "Insufficient scope" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "content-too-large": { status: 413, title: "Content too large" },
  "uri-too-long": { status: 414, title: "URI too long" },
  "unsupported-media-type": { status: 415, title: "Unsupported media type" },
  "misdirected-request": { status: 421, title: "Misdirected request" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "client-closed-request": { status: 499, title: "Client closed request" },
  internal: { status: 500, title: "Internal error" },
  "backend-broken": { status: 502, title: "Backend broken" },
  "backend-down": { status: 503, title: "Backend down" },
  draining: { status: 503, title: "Shutting down" },
  "keys-unavailable": { status: 503, title: "Keys unavailable" },
  overloaded: { status: 503, title: "Overloaded" },
  "backend-too-slow": { status: 504, title: "Backend too slow" },
  "deadline-exceeded": { status: 504, title: "Deadline exceeded" },
} as const;
/** The name of a kind of problem. */
export type ProblemKind = keyof typeof PROBLEMS;
