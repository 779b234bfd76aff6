import { readGateways } from "@lgtm-lab/faults/client";
import { onlyMethods } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { GatewayEntry } from "../../shared/api.ts";
import type { Env } from "../env.ts";
import { faultAccessFromEnv } from "../faults/access.ts";

/** `GET /api/gateways`: the state of each gateway, which its fault admin port returns. */
export function gatewayRoutes(app: Hono, env: Env): void {
  const access = faultAccessFromEnv(env);
  app.get("/api/gateways", async function listGateways(c) {
    return c.json<GatewayEntry[]>(await readGateways(access));
  });
  onlyMethods(app, "/api/gateways", ["GET", "HEAD"]);
}
