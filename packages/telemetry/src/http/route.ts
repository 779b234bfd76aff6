import type { Context } from "hono";
import { matchedRoutes } from "hono/route";

/** The route of every request that matches none: a path of its own choosing must not become a label. */
export const UNMATCHED = "unmatched";

/** The route of every CORS preflight: a browser asks for permission, which is no request for what the path names. */
export const PREFLIGHT = "preflight";

/** The template of the route that will answer (`/a/hello`), known before any handler has run. */
export function routeOf(c: Context): string {
  if (c.req.method === "OPTIONS" && c.req.header("origin") !== undefined) return PREFLIGHT;
  return matchedRoutes(c).findLast(isEndpoint)?.path ?? UNMATCHED;
}

/** Middleware is registered for all methods and everything below a path; what answers is registered for one or the other. */
const isEndpoint = (route: { method: string; path: string }): boolean =>
  route.method !== "ALL" || !route.path.endsWith("*");
