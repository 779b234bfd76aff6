import { randomUUID } from "node:crypto";
import { setResponseHeader } from "@lgtm-lab/service-runtime";
import { setSpanAttribute } from "@lgtm-lab/telemetry";
import type { MiddlewareHandler } from "hono";

const REQUEST_ID = "x-request-id";

/** The usual forms: UUIDs, hex, base64, and ids with parts. Longer ids and other characters could spoil logs. */
const VALID_ID = /^[\w.:=+/@-]{1,128}$/;

/**
 * Gives each request an id: that of the client in `x-request-id` if it is valid, otherwise a random one. It is in the
 * response, on the span and, as Hono's variable `requestId`, in the log line of the request. (Hono's own middleware does
 * not add it to error responses.)
 */
export const requestId = (): MiddlewareHandler =>
  function requestId(c, next) {
    const given = c.req.header(REQUEST_ID);
    const id = given !== undefined && VALID_ID.test(given) ? given : randomUUID();
    c.set("requestId", id);
    setResponseHeader(c, REQUEST_ID, id);
    setSpanAttribute("lab.request_id", id);
    return next();
  };

/**
 * What browsers may do with a response: it is data, so it is not shown in frames, runs and loads nothing, and its type is
 * not guessed. Pages of the allowed origins can read it by CORS nevertheless.
 */
const SECURITY_HEADERS = Object.entries({
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
});

/** Adds security headers to every response. */
export const securityHeaders = (): MiddlewareHandler =>
  function securityHeaders(c, next) {
    for (const [name, value] of SECURITY_HEADERS) setResponseHeader(c, name, value);
    return next();
  };
