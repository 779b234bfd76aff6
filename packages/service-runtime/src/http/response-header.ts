import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";

/**
 * Sets a header on the response of Node, because a header in Hono's context makes Hono copy each response. In
 * `app.request()`, which tests use, there is only Hono's context.
 */
export function setResponseHeader(c: Context, name: string, value: string): void {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  if (outgoing) outgoing.setHeader(name, value);
  else c.header(name, value);
}
