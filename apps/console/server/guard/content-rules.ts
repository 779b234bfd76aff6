import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/** What a page of the console may do in a browser: show itself in its own style. No script, no frame, nobody else's anything. */
export function contentRules(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", "data:"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    strictTransportSecurity: false, // there is no TLS on loopback
  });
}
