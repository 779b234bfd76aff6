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
export function contentRules(): MiddlewareHandler {
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
 * Forbids scripts, links to other resources and requests in a stored report, and separates it from the console's
 * origin: a file may have any content.
 */
export function reportRules(): MiddlewareHandler {
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
    crossOriginOpenerPolicy: "unsafe-none", // browsers show no sandboxed page with another value
    strictTransportSecurity: false,
  });
}

/** Forbids caching: the response changes constantly, and some responses are only for the console's page. */
export function neverStored(): MiddlewareHandler {
  return async function neverStored(c, next) {
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
const OWN_SITE = new Set(["same-origin", "none"]);

/**
 * Rejects requests from pages of other sites. Browsers report the site in `Sec-Fetch-Site`, which pages cannot change.
 * Programs do not send this header.
 */
export function sameSite(): MiddlewareHandler {
  return async function sameSite(c, next) {
    const site = c.req.header("sec-fetch-site");
    if (site !== undefined && !OWN_SITE.has(site)) throw otherOrigin();
    await next();
  };
}

/** The console's page sends this header with every write. */
const TOKEN_HEADER = "x-lab-token";

/**
 * Rejects requests without the token, which changes at each start. Only the console's page can read the token from
 * `GET /api/config`. Also, pages cannot send a custom header to another origin without a preflight request.
 */
export const requireToken = (token: string): MiddlewareHandler =>
  requireHeader(TOKEN_HEADER, token, () =>
    problemResponse(
      new Problem(
        "forbidden",
        `The header ${TOKEN_HEADER} must contain the token from /api/config. The token changes at each start.`,
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
        throw new Problem("forbidden", "Only Alertmanager and Grafana may post alerts, not browsers.");
      await next();
    } satisfies MiddlewareHandler,
    requireJson(),
  );
