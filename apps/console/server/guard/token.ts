import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "@lgtm-lab/service-runtime";
import type { MiddlewareHandler } from "hono";

/** The header that every write of the console's own page carries. */
export const TOKEN_HEADER = "x-lab-token";

/**
 * Lets through who knows the token of this start: `GET /api/config` tells it, and what that answers can be read by our own
 * page only. A header of one's own is also something that no page may send to another origin unasked.
 */
export function onlyWithToken(token: string): MiddlewareHandler {
  // Digests are of one length, and take the same time to compare wherever they differ.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(token);
  return async function onlyWithToken(c, next) {
    if (!timingSafeEqual(digest(c.req.header(TOKEN_HEADER) ?? ""), expected))
      throw new Problem(
        "forbidden",
        `This needs the header ${TOKEN_HEADER} with the token of /api/config; it is another after each start.`,
      );
    await next();
  };
}
