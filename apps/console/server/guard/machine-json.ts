import { Problem } from "@lgtm-lab/service-runtime";
import type { MiddlewareHandler } from "hono";

/**
 * Lets through what a program on this machine posts (Alertmanager, Grafana), and nothing a browser would send on behalf
 * of some page: every browser adds `Origin` to a POST (and `Sec-Fetch-Site`), and cannot send JSON across origins unasked.
 * Who may connect at all is decided by the address we listen on: loopback, or a container network.
 */
export function machineJson(): MiddlewareHandler {
  return async function machineJson(c, next) {
    if (c.req.header("origin") !== undefined || c.req.header("sec-fetch-site") !== undefined)
      throw new Problem("forbidden", "Alerts are posted by Alertmanager and Grafana, not by a browser.");
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json")
      throw new Problem(
        "unsupported-media-type",
        `Alerts come as application/json, not ${type ?? "untyped"}.`,
      );
    await next();
  };
}
