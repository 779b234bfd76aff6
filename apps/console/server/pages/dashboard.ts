import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "@lgtm-lab/kit";
import type { Handler } from "hono";
import { html } from "hono/html";
import { z } from "zod";
import { type Env, REPOSITORY } from "../env.ts";
import { grafanaRuns } from "./grafana.ts";
import { page } from "./layout.ts";

const FOLDER = join(REPOSITORY, "grafana/dashboards");
const dashboard = z.object({ uid: z.string(), title: z.string(), description: z.string().default("") });

/** `GET /d/<uid>`: on to Grafana, variables and all, or what this dashboard would show. Only ours: 404 for any other uid. */
export function dashboardPage({ GRAFANA_URL }: Env): Handler {
  return async function dashboard(c) {
    const known = dashboards().find(({ uid }) => uid === c.req.param("uid"));
    if (!known) throw new Problem("not-found", `There is no dashboard of that uid in grafana/dashboards.`);
    const { uid, title, description } = known;
    if (await grafanaRuns(GRAFANA_URL))
      return c.redirect(`${GRAFANA_URL}/d/${uid}${new URL(c.req.url).search}`);
    return c.html(
      page(
        `Dashboard “${title}”`,
        html`<p>${description}</p>
<p>It cannot be shown yet: Grafana does not run here (<code>GRAFANA_HOME=&lt;an unpacked Grafana&gt;</code> adds it), and the
console, which is to show the same dashboards without it, is not built yet. <code>grafana/dashboards</code> has the
dashboard itself, <code>docs/dashboards.md</code> says what is on it.</p>`,
      ),
    );
  };
}

function dashboards(): z.infer<typeof dashboard>[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const parsed = dashboard.safeParse(JSON.parse(readFileSync(join(FOLDER, file), "utf8")));
      return parsed.success ? [parsed.data] : [];
    });
}
