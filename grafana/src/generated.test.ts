import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { driftOf, writeGenerated } from "@lgtm-lab/slo";
import { generateGrafana } from "./index.ts";
import { DASHBOARDS } from "./uids.ts";

const drift = (root: string) => driftOf(generateGrafana(), root);
const generate = (root: string) => writeGenerated(generateGrafana(), root);

test("the committed files are up to date (node grafana/src/generate.ts)", () => {
  assert.deepEqual(drift(REPOSITORY), []);
});

test("changed, missing and obsolete files are detected, and corrected by the generator", (t) => {
  const root = mkdtempSync(join(tmpdir(), "grafana-"));
  t.after(() => rmSync(root, { recursive: true }));
  // Every dashboard, and the rules of two profiles.
  assert.equal(generate(root).length, Object.keys(DASHBOARDS).length + 2);
  assert.deepEqual(drift(root), []);

  appendFileSync(join(root, "grafana/dashboards/host.json"), " ");
  rmSync(join(root, "grafana/production/slo-rules.yaml"));
  writeFileSync(join(root, "grafana/dashboards/old.json"), "{}");
  const changed = [
    "grafana/dashboards/host.json",
    "grafana/production/slo-rules.yaml",
    "grafana/dashboards/old.json",
  ];
  assert.deepEqual(drift(root), changed);
  assert.deepEqual(generate(root), changed);
  assert.deepEqual(drift(root), []);
});
