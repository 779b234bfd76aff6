import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { runPromtool } from "../test/promtool.ts";
import { generateRules } from "./generate-rules.ts";
import { writeGenerated } from "./generated-files.ts";

/** A repository that contains only documents of other projects. */
const root = mkdtempSync(join(tmpdir(), "foreign-"));
after(() => rmSync(root, { recursive: true }));
cpSync(join(import.meta.dirname, "../test/foreign"), join(root, "slo"), { recursive: true });
mkdirSync(join(root, "prometheus/rules"), { recursive: true });
cpSync(join(REPOSITORY, "prometheus/rules/health.yml"), join(root, "prometheus/rules/health.yml"));

describe("documents of other projects", () => {
  const generated = generateRules(root);
  const changed = writeGenerated(generated, root);
  const { notes } = generated;
  const names = (folder: string, ending: string) =>
    changed
      .filter((path) => path.startsWith(`prometheus/${folder}/`))
      .map((path) => path.slice(`prometheus/${folder}/`.length, -ending.length))
      .sort();
  const tested = [
    "2-checkout-grpc",
    "checkout-orders-94",
    "checkout-orders-99-95",
    "printer-availability",
    "printer-latency",
  ];

  it("have rules, and tests if series can be derived from the queries", () => {
    assert.deepEqual(names("rules/demo", ".yml"), [...tested, "checkout-cards", "health"].sort());
    assert.deepEqual(names("rules/production", ".yml"), [...tested, "checkout-cards", "health"].sort());
    assert.deepEqual(names("tests/demo", ".test.yml"), tested);
    assert.deepEqual(names("tests/production", ".test.yml"), tested);
  });

  it("cause notes about parts without effect and missing parts", () => {
    for (const note of [
      /^slo\/v1\.yaml: checkout-cards: has rules but no unit test: /,
      /^slo\/v1\.yaml: 2-checkout-grpc: its alerts link to docs\/runbooks\/SloFreshnessBurn\.md, which does not exist/,
      /v1\.yaml: document 1 \[0\]: kind Service \(checkout\): has no effect/,
      /v1\.yaml: document 1 \[3\]: spec\.alertPolicies: has no effect/,
    ])
      assert.equal(notes.filter((line) => note.test(line)).length, 1, `${note}:\n${notes.join("\n")}`);
  });

  it("have their texts escaped in templates, and put on one line in comments", () => {
    const rules = readFileSync(join(root, "prometheus/rules/demo/checkout-orders-99-95.yml"), "utf8");
    assert.match(rules, /^# Orders are not lost: - \{\{ none \}\}, in "any" shop: 'è' # not even one$/m);
    assert.match(rules, /Checkout \{\{ "\{\{" \}\} orders \}\}/);
  });

  it("result in rules that promtool accepts", async () => {
    const files = changed.filter((path) => path.startsWith("prometheus/rules/"));
    const { code, output } = await runPromtool(
      root,
      "check",
      "rules",
      "--lint=all",
      "--lint-fatal",
      ...files,
    );
    assert.equal(code, 0, output);
  });

  for (const name of tested)
    it(`pass their unit tests: ${name}`, async () => {
      const { code, output } = await runPromtool(
        root,
        "test",
        "rules",
        `prometheus/tests/demo/${name}.test.yml`,
        // The profiles differ in durations only, except for large budgets, which have other checkpoints.
        ...(name === "checkout-orders-94" ? [`prometheus/tests/production/${name}.test.yml`] : []),
      );
      assert.equal(code, 0, output);
    });
});
