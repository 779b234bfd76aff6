import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { generateRules } from "./generate-rules.ts";
import { driftOf, writeGenerated } from "./generated-files.ts";

const drift = (root: string) => driftOf(generateRules(root), root);

describe("the generated rules and tests", () => {
  it("are up to date with slo/*.yaml and prometheus/rules/health.yml", () =>
    assert.deepEqual(
      drift(REPOSITORY),
      [],
      "differ: run `npm run generate -w packages/slo` and commit the result",
    ));

  const copy = (test: TestContext) => {
    const root = mkdtempSync(join(tmpdir(), "drift-"));
    test.after(() => rmSync(root, { recursive: true }));
    for (const folder of ["slo", "prometheus"])
      cpSync(join(REPOSITORY, folder), join(root, folder), { recursive: true });
    return root;
  };

  it("are detected when changed, missing or obsolete, and are corrected by the generator", (test) => {
    const root = copy(test);
    const [changed, missing, obsolete] = [
      "prometheus/rules/demo/gateway-hello-latency.yml",
      "prometheus/tests/production/gateway-numbers-pace.test.yml",
      "prometheus/rules/production/gone.yml",
    ];
    writeFileSync(join(root, changed), "groups: []\n");
    rmSync(join(root, missing));
    writeFileSync(join(root, obsolete), "groups: []\n");
    assert.deepEqual(drift(root).sort(), [changed, obsolete, missing].sort());
    assert.deepEqual(writeGenerated(generateRules(root), root).sort(), [changed, obsolete, missing].sort());
    assert.deepEqual(drift(root), []);
  });

  it("are obsolete without their document", (test) => {
    const root = copy(test);
    rmSync(join(root, "slo/gateway-rest-numbers-pace.yaml"));
    assert.deepEqual(drift(root).sort(), [
      "prometheus/rules/demo/gateway-rest-numbers-pace.yml",
      "prometheus/rules/production/gateway-rest-numbers-pace.yml",
      "prometheus/tests/demo/gateway-rest-numbers-pace.test.yml",
      "prometheus/tests/production/gateway-rest-numbers-pace.test.yml",
    ]);
  });
});
