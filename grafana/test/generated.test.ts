import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { drift, generate } from "../src/index.ts";
import { DASHBOARDS } from "../src/uids.ts";

test("the committed files are what grafana/src makes (node grafana/src/generate.ts)", () => {
  assert.deepEqual(drift(), []);
});

test("drift names what was changed, what is missing and what is left over, and generate mends it", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "grafana-"));
  t.after(() => rmSync(folder, { recursive: true }));
  // Every dashboard, and the rules of two profiles.
  assert.equal(generate(folder).length, Object.keys(DASHBOARDS).length + 2);
  assert.deepEqual(drift(folder), []);

  appendFileSync(join(folder, "dashboards/host.json"), " ");
  rmSync(join(folder, "production/slo-rules.yaml"));
  writeFileSync(join(folder, "dashboards/old.json"), "{}");
  const changed = ["dashboards/host.json", "production/slo-rules.yaml", "dashboards/old.json"];
  assert.deepEqual(drift(folder), changed);
  assert.deepEqual(generate(folder), changed);
  assert.deepEqual(drift(folder), []);
});
