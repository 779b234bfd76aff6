import { Problem } from "@lgtm-lab/service-runtime";
import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";

/**
 * Answers only who asks for one of our own names. A page elsewhere whose name was made to resolve to 127.0.0.1 (DNS
 * rebinding) is of the same origin as we are to the browser, but its requests carry its own name as `Host`; and those of
 * a page that keeps its own origin carry that as `Origin`.
 */
export function knownHost({ CONSOLE_PORT, CONSOLE_HOSTS }: Pick<Env, "CONSOLE_PORT" | "CONSOLE_HOSTS">) {
  const loopback = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${CONSOLE_PORT}`);
  const hosts = new Set([...loopback, ...CONSOLE_HOSTS]);
  const origins = new Set([...hosts].map((host) => `http://${host}`));

  return async function knownHost(c, next) {
    const host = c.req.header("host")?.toLowerCase();
    // A request may also name a host in its target (RFC 9112, section 3.2.2), which then counts.
    if (host === undefined || !hosts.has(host) || !hosts.has(new URL(c.req.url).host))
      throw new Problem("misdirected-request", `This is ${loopback[0]}, not ${host ?? "nobody"}.`);
    const origin = c.req.header("origin");
    if (origin !== undefined && !origins.has(origin.toLowerCase()))
      throw new Problem("forbidden", "Pages of other origins have no business here.");
    await next();
  } satisfies MiddlewareHandler;
}
