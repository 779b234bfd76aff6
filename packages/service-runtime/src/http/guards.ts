import { createHash, timingSafeEqual } from "node:crypto";
import type { Http2ServerRequest } from "node:http2";
import type { HttpBindings } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { Problem } from "../problem.ts";
import { setResponseHeader } from "./response-header.ts";

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

/** Maximum length of path and query. The longest valid request of a service has less than half of it. */
const MAX_TARGET_LENGTH = 8_192;

/**
 * Answers only GET and HEAD requests without content, and with a path and query of at most {@link MAX_TARGET_LENGTH}. No
 * route reads the content of such a request, so the connection is closed instead of receiving it.
 */
export function requireShortRequest(): MiddlewareHandler {
  return function requireShortRequest(c, next) {
    const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
    const target = incoming?.url ?? c.req.url;
    if (target.length > MAX_TARGET_LENGTH)
      throw new Problem(
        "uri-too-long",
        `Path and query may have at most ${MAX_TARGET_LENGTH} characters; these have ${target.length}.`,
      );
    const { "content-length": length = "0", "transfer-encoding": coding } = incoming?.headers ?? {};
    // In HTTP/2, content needs none of these fields.
    const { stream } = (incoming ?? {}) as Partial<Http2ServerRequest>;
    const hasContent = coding !== undefined || Number(length) > 0 || stream?.endAfterHeaders === false;
    if (hasContent && (c.req.method === "GET" || c.req.method === "HEAD")) {
      setResponseHeader(c, "connection", "close");
      throw new Problem("content-too-large", `A ${c.req.method} request must not have content.`);
    }
    return next();
  };
}
