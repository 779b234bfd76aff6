import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onlyMethods, Problem } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import type { LoadTestEntry } from "../../shared/api.ts";
import type { Env } from "../env.ts";
import { reportHeaders } from "../guards.ts";
import { listLoadTests, REPORT, reportOf } from "./results.ts";

/** `GET /api/load`: the load tests of `lab load`. `GET /load/<time>/report.html`: the report of one load test. */
export function loadRoutes(app: Hono, { LAB_STATE }: Env): void {
  const folder = join(LAB_STATE, "load");
  app.get("/api/load", async function getLoadTests(c) {
    return c.json<LoadTestEntry[]>(await listLoadTests(folder));
  });
  const report = `/load/:time/${REPORT}`;
  app.get(report, reportHeaders(), async function loadReport(c) {
    const requested = c.req.param("time") ?? "";
    const file = await reportOf(folder, requested);
    if (!file)
      throw new Problem("not-found", `There is no report of "${requested}". /api/load lists all load tests.`);
    return c.html(await readFile(file, "utf8"), 200, { "cache-control": "no-cache" });
  });
  for (const path of ["/api/load", report]) onlyMethods(app, path, ["GET", "HEAD"]);
}
