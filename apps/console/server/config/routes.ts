import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hono } from "hono";
import { type Env, REPOSITORY } from "../env.ts";
import { onlyMethods } from "../guard/methods.ts";
import { sameSite } from "../guard/same-site.ts";
import { grafanaRuns } from "../pages/grafana.ts";

const { version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { version: string };

/** What `GET /api/config` tells the page. */
export interface Config {
  readonly version: string;
  /** Where a browser finds Grafana, or null while it does not run. */
  readonly grafana: string | null;
  /** Goes into the header `x-lab-token` of every write. */
  readonly token: string;
}

/** `GET /api/config`, for our own page only. */
export function configRoutes(app: Hono, { GRAFANA_URL, GRAFANA_PUBLIC_URL }: Env, token: string): void {
  app.get("/api/config", sameSite(), async function config(c) {
    const grafana = (await grafanaRuns(GRAFANA_URL)) ? (GRAFANA_PUBLIC_URL ?? GRAFANA_URL) : null;
    return c.json<Config>({ version, grafana, token });
  });
  onlyMethods(app, "/api/config", "GET, HEAD");
}
