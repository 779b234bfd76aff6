import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { jsonObject } from "@lgtm-lab/contracts";
import { onlyMethods, Problem } from "@lgtm-lab/service-runtime";
import type { Hono } from "hono";
import * as v from "valibot";
import type { DashboardEntry } from "../../shared/api.ts";
import type { Env } from "../env.ts";

const MAX_BYTES = 8 * 1024 * 1024;

interface DashboardFile extends DashboardEntry {
  readonly text: string;
}

/** `GET /api/dashboards`, the list; `GET /api/dashboards/<uid>`, the content of one file. */
export function dashboardRoutes(app: Hono, { DASHBOARDS }: Env): void {
  app.get("/api/dashboards", async function listDashboards(c) {
    const entries = (await readDashboards(DASHBOARDS)).map(({ text: _, ...entry }) => entry);
    return c.json<DashboardEntry[]>(entries);
  });
  app.get("/api/dashboards/:uid", async function oneDashboard(c) {
    const requested = c.req.param("uid");
    const found = (await readDashboards(DASHBOARDS)).find(({ uid }) => uid === requested);
    if (!found)
      throw new Problem(
        "not-found",
        `Unknown dashboard "${requested}". /api/dashboards lists all dashboards.`,
      );
    if (found.problem) throw new Problem("query-refused", `${found.problem}.`);
    return c.body(found.text, 200, { "content-type": "application/json" });
  });
  for (const path of ["/api/dashboards", "/api/dashboards/:uid"]) onlyMethods(app, path, ["GET", "HEAD"]);
}

/** The fields of a dashboard that the list needs. If one is missing, the file name is used instead, as in Grafana. */
const name = v.fallback(v.nullish(v.pipe(v.string(), v.minLength(1))), null);
const head = v.pipe(
  jsonObject,
  v.object({
    uid: name,
    title: name,
    description: v.fallback(v.nullish(v.string()), null),
    tags: v.fallback(v.nullish(v.array(v.string())), null),
  }),
);

/** Reads the dashboards of a folder, sorted by title. A file that is not a dashboard is listed with its problem. */
async function readDashboards(folder: string): Promise<DashboardFile[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json"));
  const all = await Promise.all(files.map((file) => readDashboard(join(folder, file))));
  return all.toSorted((a, b) => a.title.localeCompare(b.title, "en"));
}

async function readDashboard(file: string): Promise<DashboardFile> {
  const name = basename(file, ".json");
  const unusable = (problem: string, text = "") => ({
    uid: name,
    title: name,
    description: "",
    tags: [],
    text,
    problem: `${basename(file)} ${problem}`,
  });
  try {
    const text = await readFile(file, "utf8");
    if (text.length > MAX_BYTES) return unusable(`is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
    const parsed = v.safeParse(head, JSON.parse(text));
    if (!parsed.success) return unusable("is not a dashboard", text);
    const { uid, title, description, tags } = parsed.output;
    return { uid: uid ?? name, title: title ?? name, description: description ?? "", tags: tags ?? [], text };
  } catch (error) {
    return unusable(`cannot be read: ${(error as Error).message}`);
  }
}
