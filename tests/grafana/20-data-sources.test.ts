import assert from "node:assert/strict";
import { DATA_SOURCES, readDataSources } from "@lgtm-lab/grafana";
import { dataSourceProxyUrl, type GrafanaClient } from "@lgtm-lab/grafana/api";
import { check } from "./support/check.ts";

interface Settings {
  readonly datasources: Readonly<
    Record<
      string,
      {
        uid: string;
        type: string;
        isDefault?: boolean;
        readOnly?: boolean;
        jsonData: Record<string, unknown>;
      }
    >
  >;
}

check("the four data sources have their uids and types, and every link as provisioned", async (visitor) => {
  const { datasources } = await visitor.get<Settings>("/api/frontend/settings");
  for (const { name, uid, type, jsonData } of readDataSources({}).values()) {
    const there = datasources[name];
    assert.deepEqual({ uid: there?.uid, type: there?.type }, { uid, type }, name);
    assert.equal(there?.readOnly, true, `${name} can be edited`);
    // Grafana adds its own settings to ours.
    for (const [key, value] of Object.entries(jsonData))
      assert.deepEqual(there?.jsonData[key], value, `${name}: ${key}`);
  }
  assert.equal(datasources.Prometheus?.isDefault, true);
});

for (const { uid } of [DATA_SOURCES.prometheus, DATA_SOURCES.loki])
  check(`${uid} is healthy`, async (visitor) => {
    const health = await visitor.get<{ status: string; message: string }>(
      `/api/datasources/uid/${uid}/health`,
    );
    assert.equal(health.status, "OK", health.message);
  });

// These have no check in Grafana's server: its browser code uses the proxy, and so does this test.
const ASKED: [string, string, (body: unknown) => boolean][] = [
  [DATA_SOURCES.tempo.uid, "/api/echo", (body) => String(body).trim() === "echo"],
  [
    DATA_SOURCES.alertmanager.uid,
    "/api/v2/status",
    (body) => typeof body === "object" && body !== null && "versionInfo" in body,
  ],
];
for (const [uid, path, isRight] of ASKED)
  check(`${uid} is healthy`, async (visitor: GrafanaClient) => {
    const { status, body } = await visitor.send("GET", dataSourceProxyUrl({ url: "" }, uid) + path);
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(isRight(body), JSON.stringify(body));
  });
