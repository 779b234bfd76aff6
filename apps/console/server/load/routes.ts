import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onlyMethods, Problem } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { LoadRun } from "../../shared/api.ts";
import type { Env } from "../env.ts";
import { reportRules } from "../guards.ts";
import { listRuns, REPORT, reportOf } from "./results.ts";

/** `GET /api/load`: the results of `lab load`. `GET /load/<time>/report.html`: the report of one of them. */
export function loadRoutes(app: Hono, { LAB_STATE }: Env): void {
  const folder = join(LAB_STATE, "load");
  app.get("/api/load", async function listLoadRuns(c) {
    return c.json<LoadRun[]>(await listRuns(folder));
  });
  const report = `/load/:time/${REPORT}`;
  app.get(report, reportRules(), async function loadReport(c) {
    const requested = c.req.param("time") ?? "";
    const file = await reportOf(folder, requested);
    if (!file)
      throw new Problem("not-found", `There is no report of "${requested}". /api/load lists all load tests.`);
    return c.html(await readFile(file, "utf8"), 200, { "cache-control": "no-cache" });
  });
  for (const path of ["/api/load", report]) onlyMethods(app, path, ["GET", "HEAD"]);
}
