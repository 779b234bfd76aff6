import type { HttpBindings } from "@hono/node-server";
import type { AllowsOrigin } from "@lgtm-lab/contracts";
import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";

/** Browsers keep the answer to a preflight this long (Chromium: 2 hours at most); seconds. */
const MAX_AGE_S = 600;

/**
 * Lets pages of the allowed origins read answers: never `*`, never with credentials. An `OPTIONS` request that has an
 * `Origin` is a preflight; it is answered here and reaches no route. A preflight may ask for any header, since a service
 * ignores the headers that it does not know. Every answer has `Vary: Origin`, so that no cache mixes two origins up.
 */
export function allowOrigins(allows: AllowsOrigin): MiddlewareHandler {
  const answerOrigin = cors({
    origin: (origin) => (allows(origin) ? origin : null),
    allowMethods: ["GET", "HEAD"],
    exposeHeaders: ["x-trace-id", "Server-Timing", "Retry-After"],
    maxAge: MAX_AGE_S,
  });
  return function allowOrigins(c, next) {
    if (c.req.header("origin") !== undefined) return answerOrigin(c, next);
    // Directly on Node's response: a header in Hono's context would cost every answer of ours a copy.
    (c as Context<{ Bindings: HttpBindings }>).env?.outgoing?.setHeader("vary", "Origin");
    return next();
  };
}
