import { onlyMethods } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { ConsoleConfig } from "../../shared/api.ts";
import type { Env } from "../env.ts";
import { sameOrigin } from "../guards.ts";
import { isGrafanaRunning } from "../upstreams/upstreams.ts";

/** `GET /api/config`: Grafana's address and the console token. Pages of other origins cannot read it. */
export function configRoutes(app: Hono, { GRAFANA_URL, GRAFANA_PUBLIC_URL }: Env, token: string): void {
  app.get("/api/config", sameOrigin(), async function config(c) {
    const grafana = (await isGrafanaRunning(GRAFANA_URL)) ? (GRAFANA_PUBLIC_URL ?? GRAFANA_URL) : null;
    return c.json<ConsoleConfig>({ grafana, token });
  });
  onlyMethods(app, "/api/config", ["GET", "HEAD"]);
}
