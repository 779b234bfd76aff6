import type { IncomingMessage } from "node:http";
import type { Context } from "hono";

/** Returns the address of the client's connection. It is not read from a header, which any client can set. */
export const addressOf = (c: Context): string =>
  (c.env as { incoming?: IncomingMessage } | undefined)?.incoming?.socket.remoteAddress ?? "";

/**
 * Returns the value of the header that identifies the client of a request. Undefined if the request does not have it, or
 * if the setting is `client-address`.
 */
export const clientHeaderOf = (c: Context, setting: string): string | undefined =>
  setting === "client-address" ? undefined : c.req.header(setting);
