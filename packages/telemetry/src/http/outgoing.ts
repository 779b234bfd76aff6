import type { ServerResponse } from "node:http";
import type { Context } from "hono";

/** The node response under a Hono context; none in `app.request()`, which tests use. */
export function outgoingOf(c: Context): ServerResponse | undefined {
  return (c.env as { outgoing?: ServerResponse } | undefined)?.outgoing;
}
