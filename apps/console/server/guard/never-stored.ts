import type { MiddlewareHandler } from "hono";

/** Answers that are of this moment, and some of them for this page only, are not kept by any cache. */
export function neverStored(): MiddlewareHandler {
  return async function neverStored(c, next) {
    await next();
    c.header("cache-control", "no-store");
  };
}
