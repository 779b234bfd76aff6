import type { AllowsOrigin } from "@lgtm-lab/contracts";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { setResponseHeader } from "./response-header.ts";

/** The time for which browsers may cache the response to a preflight, in seconds. */
const MAX_AGE_S = 600;

/** The headers that pages may read, besides those that browsers always allow. */
const EXPOSED_HEADERS = [
  "x-trace-id",
  "x-request-id",
  "Server-Timing",
  "Retry-After",
  "RateLimit",
  "RateLimit-Policy",
  "ETag",
  "Age",
  "x-lab-fallback",
  "WWW-Authenticate",
];

/**
 * Allows pages of the given origins to read responses, without credentials. An `OPTIONS` request with `Origin` is a
 * preflight; it is answered here and reaches no route. A preflight may request any header, because services ignore
 * unknown headers. Every response has `Vary: Origin`, so that caches keep the responses to different origins apart.
 */
export function allowOrigins(allows: AllowsOrigin): MiddlewareHandler {
  const respondWithCors = cors({
    origin: (origin) => (allows(origin) ? origin : null),
    allowMethods: ["GET", "HEAD"],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: MAX_AGE_S,
  });
  return function allowOrigins(c, next) {
    if (c.req.header("origin") !== undefined) return respondWithCors(c, next);
    setResponseHeader(c, "vary", "Origin");
    return next();
  };
}
