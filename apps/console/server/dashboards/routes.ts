import { Problem } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { Env } from "../env.ts";
import { onlyMethods } from "../guard/methods.ts";
import { type DashboardEntry, readDashboards } from "./read.ts";

/** `GET /api/dashboards`, the list; `GET /api/dashboards/<uid>`, one of them as it is in its file. */
export function dashboardRoutes(app: Hono, { DASHBOARDS }: Env): void {
  app.get("/api/dashboards", async function listDashboards(c) {
    const entries = (await readDashboards(DASHBOARDS)).map(({ text: _, ...entry }) => entry);
    return c.json<DashboardEntry[]>(entries);
  });
  app.get("/api/dashboards/:uid", async function oneDashboard(c) {
    const asked = c.req.param("uid");
    const found = (await readDashboards(DASHBOARDS)).find(({ uid }) => uid === asked);
    if (!found)
      throw new Problem("not-found", "There is no dashboard of that uid; /api/dashboards lists them.");
    if (found.problem) throw new Problem("query-refused", `${found.problem}.`);
    return c.body(found.text, 200, { "content-type": "application/json" });
  });
  for (const path of ["/api/dashboards", "/api/dashboards/:uid"]) onlyMethods(app, path, "GET, HEAD");
}
