import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import type { DashboardEntry } from "../../shared/api.ts";
import { temporaryFolder, testConsole } from "../../test/console.ts";

describe("dashboards", () => {
  it("are the provisioned dashboards of Grafana, with the content of their files", async (test) => {
    const { get } = testConsole(test);
    const all = (await (await get("/api/dashboards")).json()) as DashboardEntry[];
    assert.ok(all.length >= 8);
    assert.ok(
      all.every(
        ({ uid, title, description, tags, problem }) => uid && title && description && tags && !problem,
      ),
    );
    const file = readFileSync(join(REPOSITORY, "grafana/dashboards/slo.json"), "utf8");
    const response = await get("/api/dashboards/lab-slo");
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(await response.text(), file);
  });

  it("can be added while the console runs, and any field can be missing", async (test) => {
    const DASHBOARDS = temporaryFolder(test);
    const { get } = testConsole(test, { DASHBOARDS });
    assert.deepEqual(await (await get("/api/dashboards")).json(), []);
    const put = (name: string, text: string) => writeFileSync(join(DASHBOARDS, name), text);
    put("bare.json", '{"panels":[]}');
    put("odd.json", '{"uid":7,"title":null,"tags":"x","description":{}}');
    put("whole.json", '{"uid":"u/../1","title":"A","tags":["t"],"description":"d"}');
    put("torn.json", '{"uid":');
    put("list.json", "[]");
    put("notes.txt", "not a dashboard");
    const all = (await (await get("/api/dashboards")).json()) as DashboardEntry[];
    assert.deepEqual(
      all.map(({ uid, problem }) => [uid, problem !== undefined]),
      [
        ["u/../1", false],
        ["bare", false],
        ["list", true],
        ["odd", false],
        ["torn", true],
      ],
    );
    assert.match(all.find(({ uid }) => uid === "torn")?.problem ?? "", /^torn\.json cannot be read: /);
    assert.equal(await (await get("/api/dashboards/bare")).text(), '{"panels":[]}');
    assert.equal((await get("/api/dashboards/u%2f..%2f1")).status, 200);
    const torn = await get("/api/dashboards/torn");
    assert.deepEqual([torn.status, torn.headers.get("content-type")], [400, "application/problem+json"]);
  });

  for (const uid of ["none", "..%2f..%2fpackage", "%2fetc%2fpasswd", "slo.json", "lab-slo%00", "constructor"])
    it(`${uid} is unknown`, async (test) => {
      assert.equal((await testConsole(test).get(`/api/dashboards/${uid}`)).status, 404);
    });
});
