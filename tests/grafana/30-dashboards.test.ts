import assert from "node:assert/strict";
import { DASHBOARDS, type DashboardJson, readDashboards } from "@lgtm-lab/grafana";
import { check } from "./support/check.ts";

interface Found {
  readonly meta: { readonly provisioned: boolean; readonly folderTitle: string };
  readonly dashboard: DashboardJson;
}

const outline = ({ title, panels }: DashboardJson) => ({
  title,
  panels: panels.map(({ id, type, title, targets = [] }) => ({
    id,
    type,
    title,
    queries: targets.map(({ expr, query }) => expr ?? query),
  })),
});

check("all dashboards are found by searching, in their folder", async (visitor) => {
  const found = await visitor.get<{ uid: string; folderTitle?: string }[]>("/api/search?type=dash-db");
  const ours = found.filter(({ folderTitle }) => folderTitle === "lgtm-lab").map(({ uid }) => uid);
  assert.deepEqual(ours.sort(), Object.values(DASHBOARDS).sort());
});

for (const dashboard of readDashboards())
  check(`${dashboard.uid} is provisioned as the file says`, async (visitor) => {
    const found = await visitor.get<Found>(`/api/dashboards/uid/${dashboard.uid}`);
    assert.equal(found.meta.provisioned, true);
    assert.equal(found.meta.folderTitle, "lgtm-lab");
    assert.deepEqual(outline(found.dashboard), outline(dashboard));
  });

check("the first page is the overview", async (visitor) => {
  const { dashboard } = await visitor.get<Found>("/api/dashboards/home");
  const overview = readDashboards().find(({ uid }) => uid === DASHBOARDS.overview);
  assert.equal(dashboard.title, overview?.title);
});

check("the folders exist", async (visitor) => {
  const folders = await visitor.get<{ title: string }[]>("/api/folders");
  const titles = folders.map(({ title }) => title);
  for (const title of ["lgtm-lab", "lgtm-lab alerts"]) assert.ok(titles.includes(title), `${titles}`);
});
