import assert from "node:assert/strict";
import { adminCheck, check } from "./support/check.ts";

const denied = (status: number) => status === 401 || status === 403;

check("Grafana responds and its database works", async (visitor) => {
  const { database } = await visitor.get<{ database: string }>("/api/health");
  assert.equal(database, "ok");
});

check("Explore is open to the anonymous visitor", async (visitor) => {
  const { viewersCanEdit } = await visitor.get<{ viewersCanEdit: boolean }>("/api/frontend/settings");
  assert.equal(viewersCanEdit, true);
  // Users who may not use Explore are redirected.
  const { status } = await visitor.send("GET", "/explore");
  assert.equal(status, 200);
});

check("the anonymous visitor can change nothing", async (visitor) => {
  const dashboard = { dashboard: { title: "must be denied", panels: [] }, overwrite: false };
  const tries: [string, string, object?][] = [
    ["POST", "/api/dashboards/db", dashboard],
    ["POST", "/api/folders", { title: "must be denied" }],
    ["GET", "/api/admin/settings"],
    ["GET", "/api/users"],
  ];
  for (const [method, path, body] of tries) {
    const { status } = await visitor.send(method, path, body);
    assert.ok(denied(status), `${method} ${path} answered ${status}`);
  }
});

adminCheck("the admin's password is the one that was set, and not Grafana's default", async (admin) => {
  const { login, isGrafanaAdmin } = await admin.get<{ login: string; isGrafanaAdmin: boolean }>("/api/user");
  assert.deepEqual({ login, isGrafanaAdmin }, { login: "admin", isGrafanaAdmin: true });
  const { grafanaClient } = await import("@lgtm-lab/grafana/api");
  const guess = grafanaClient(admin.url, { user: "admin", password: "admin" });
  assert.equal((await guess.send("GET", "/api/user")).status, 401);
});
