import { Problem } from "@lgtm-lab/service-runtime";
import type { MiddlewareHandler } from "hono";

const OWN = new Set(["same-origin", "none"]);

/**
 * Refuses what a browser sends on behalf of a page of another site: all browsers of today say so in `Sec-Fetch-Site`, which
 * no page can change. Programs send no such header. (`none`: somebody has typed the address.)
 */
export function sameSite(): MiddlewareHandler {
  return async function sameSite(c, next) {
    const site = c.req.header("sec-fetch-site");
    if (site !== undefined && !OWN.has(site))
      throw new Problem("forbidden", "Pages of other origins have no business here.");
    await next();
  };
}
