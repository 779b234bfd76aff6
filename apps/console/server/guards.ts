import { Problem, problemResponse, requireHeader, requireHost, requireJson } from "@lgtm-lab/service-runtime";
import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { secureHeaders } from "hono/secure-headers";
import type { Env } from "./env.ts";

/**
 * What a page of the console may do in a browser: run this server's scripts and send requests to this server. It may not
 * be in a frame, load anything from elsewhere, or contain a script, so that text of a backend or an alert never becomes
 * one.
 */
export function contentRules(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"], // emotion, which styles Grafana's components, adds styles at run time
      imgSrc: ["'self'", "data:"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    strictTransportSecurity: false, // there is no TLS on loopback
  });
}

/** Forbids all caches to store the response: it is valid for this moment, and sometimes for this page only. */
export function neverStored(): MiddlewareHandler {
  return async function neverStored(c, next) {
    await next();
    c.header("cache-control", "no-store");
  };
}

const otherOrigin = () => new Problem("forbidden", "Pages of other origins may not use the console.");

/** Refuses requests for other hosts than the console's own, and requests of pages of other origins. */
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

/** `none`: a person has typed the address. */
const OWN_SITE = new Set(["same-origin", "none"]);

/**
 * Refuses requests that a browser sends for a page of another site. Browsers say so in `Sec-Fetch-Site`, which no page
 * can change; programs do not send this header.
 */
export function sameSite(): MiddlewareHandler {
  return async function sameSite(c, next) {
    const site = c.req.header("sec-fetch-site");
    if (site !== undefined && !OWN_SITE.has(site)) throw otherOrigin();
    await next();
  };
}

/** The header that every write of the console's page carries. */
const TOKEN_HEADER = "x-lab-token";

/**
 * Lets through requests with the token of this start. `GET /api/config` returns the token, and only the console's page can
 * read that response. Besides, a page cannot send a custom header to another origin without a preflight.
 */
export const requireToken = (token: string): MiddlewareHandler =>
  requireHeader(TOKEN_HEADER, token, () =>
    problemResponse(
      new Problem(
        "forbidden",
        `The header ${TOKEN_HEADER} must have the token of /api/config, which changes at each start.`,
      ),
    ),
  );

/**
 * Lets through JSON that a program posts (Alertmanager, Grafana) and nothing that a browser sends for a page: browsers add
 * `Origin` and `Sec-Fetch-Site` to a POST. Who can connect depends on the address that the console listens on: loopback,
 * or a container network.
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
