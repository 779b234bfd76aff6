import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/**
 * What a page of the console may do in a browser: run the scripts that this server has, and ask it. No frame, nobody else's
 * anything, and no script that stands in a page: so nothing that a backend or an alert says can become one.
 */
export function contentRules(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"], // emotion, which Grafana's components are styled with, adds styles at run time
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
