import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { Problem } from "../problem.ts";

/**
 * Answers only requests for one of the given hosts: `name:port`, or `name` for any port. Protects against DNS
 * rebinding, by which a web page reaches this server under its own host name.
 */
export function requireHost(hosts: readonly string[]): MiddlewareHandler {
  const allowed = new Set(hosts);
  const isAllowed = (host: string) => allowed.has(host) || allowed.has(host.replace(/:\d+$/, ""));
  return async function requireHost(c, next) {
    const host = c.req.header("host")?.toLowerCase() ?? "";
    // A request can also name a host in its target (RFC 9112, section 3.2.2), which then counts.
    if (isAllowed(host) && isAllowed(new URL(c.req.url).host)) return next();
    throw new Problem("misdirected-request", `Host "${host}" is not allowed. Use ${hosts[0]}.`);
  };
}

/**
 * Answers only requests whose header has the given value, which is compared in constant time. Others get the response
 * of `refuse`.
 */
export function requireHeader(header: string, value: string, refuse: () => Response): MiddlewareHandler {
  // timingSafeEqual needs values of equal length.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(value);
  return async function requireHeader(c, next) {
    if (timingSafeEqual(digest(c.req.header(header) ?? ""), expected)) return next();
    return refuse();
  };
}
