import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onlyMethods } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import { grafanaRuns } from "../backends/backends.ts";
import { type Env, REPOSITORY } from "../env.ts";
import { sameSite } from "../guards.ts";

const { version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { version: string };

/** The response of `GET /api/config`. */
export interface Config {
  readonly version: string;
  /** Grafana's address for a browser, or null if Grafana does not run. */
  readonly grafana: string | null;
  /** The value of the header `x-lab-token`, which every write needs. */
  readonly token: string;
}

/** `GET /api/config`, for the console's page only. */
export function configRoutes(app: Hono, { GRAFANA_URL, GRAFANA_PUBLIC_URL }: Env, token: string): void {
  app.get("/api/config", sameSite(), async function config(c) {
    const grafana = (await grafanaRuns(GRAFANA_URL)) ? (GRAFANA_PUBLIC_URL ?? GRAFANA_URL) : null;
    return c.json<Config>({ version, grafana, token });
  });
  onlyMethods(app, "/api/config", ["GET", "HEAD"]);
}
