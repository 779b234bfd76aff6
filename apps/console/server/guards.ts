import { Problem, problemResponse, requireHeader, requireHost, requireJson } from "@lgtm-lab/service-runtime";
import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { secureHeaders } from "hono/secure-headers";
import type { Env } from "./env.ts";

/**
 * Restricts the console's pages to scripts from this server and requests to this server. Forbids frames, resources from
 * other origins, and inline scripts, so that text from a backend or an alert is never executed. A route may set
 * stricter rules.
 */
export function consoleHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"], // Grafana's components use emotion, which adds styles at run time
      imgSrc: ["'self'", "data:"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    strictTransportSecurity: false, // there is no TLS on loopback
    overwrite: false,
  });
}

/**
 * Restricts a stored report, whose content the console does not control. Its page runs no scripts, loads no resources,
 * sends no requests and has no origin (`sandbox`).
 */
export function reportHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'unsafe-inline'"],
      imgSrc: ["data:"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      sandbox: [],
    },
    crossOriginOpenerPolicy: "unsafe-none", // with any other value, browsers do not show a sandboxed page
    strictTransportSecurity: false,
  });
}

/** Forbids caching: responses change constantly, and one contains the console token. */
export function noStore(): MiddlewareHandler {
  return async function noStore(c, next) {
    await next();
    c.header("cache-control", "no-store");
  };
}

const otherOrigin = () => new Problem("forbidden", "Pages of other origins may not use the console.");

/** Rejects requests for other hosts, and requests from pages of other origins. */
export function ownHostAndOrigin({
  CONSOLE_PORT,
  CONSOLE_HOSTS,
}: Pick<Env, "CONSOLE_PORT" | "CONSOLE_HOSTS">) {
  const loopback = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${CONSOLE_PORT}`);
  const hosts = [...loopback, ...CONSOLE_HOSTS];
  const origins = new Set(hosts.map((host) => `http://${host}`));
  return every(requireHost(hosts), async function ownOrigin(c, next) {
    const origin = c.req.header("origin");
    if (origin !== undefined && !origins.has(origin.toLowerCase())) throw otherOrigin();
    await next();
  } satisfies MiddlewareHandler);
}

/** Browsers send `none` when a user typed the address. */
const ALLOWED_FETCH_SITES = new Set(["same-origin", "none"]);

/**
 * Rejects requests from pages of other origins, also of the same site. Browsers state the relation between the page and
 * this server in `Sec-Fetch-Site`, which pages cannot change. Programs do not send this header.
 */
export function sameOrigin(): MiddlewareHandler {
  return async function sameOrigin(c, next) {
    const relation = c.req.header("sec-fetch-site");
    if (relation !== undefined && !ALLOWED_FETCH_SITES.has(relation)) throw otherOrigin();
    await next();
  };
}

/** The console's page sends this header with every write. */
const TOKEN_HEADER = "x-lab-token";

/**
 * Rejects requests without the console token, which changes at each start. Pages of other origins cannot read it from
 * `GET /api/config`. Also, pages cannot send a custom header to another origin without a preflight request.
 */
export const requireToken = (token: string): MiddlewareHandler =>
  requireHeader(TOKEN_HEADER, token, () =>
    problemResponse(
      new Problem(
        "forbidden",
        `The header ${TOKEN_HEADER} must contain the console token from /api/config. The token changes at each start.`,
      ),
    ),
  );

/**
 * Accepts JSON from programs (Alertmanager, Grafana) and rejects requests from browsers, which add `Origin` and
 * `Sec-Fetch-Site` to a POST. The console's listen address (loopback or a container network) restricts which programs
 * can connect.
 */
export const jsonFromPrograms = (): MiddlewareHandler =>
  every(
    async function notFromBrowsers(c, next) {
      if (c.req.header("origin") !== undefined || c.req.header("sec-fetch-site") !== undefined)
        throw new Problem("forbidden", "Only programs may post here, not browsers.");
      await next();
    } satisfies MiddlewareHandler,
    requireJson(),
  );
