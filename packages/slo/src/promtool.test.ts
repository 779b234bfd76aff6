import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { runPromtool } from "../test/promtool.ts";
import { PROMETHEUS, ruleFiles, testFiles } from "../test/rules.ts";

it("promtool accepts prometheus.yml", async () => {
  const { code, output } = await runPromtool(REPOSITORY, "check", "config", "prometheus.yml");
  assert.equal(code, 0, output);
});

it("promtool finds nothing wrong with any rule file", async () => {
  const { code, output } = await runPromtool(
    PROMETHEUS,
    "check",
    "rules",
    "--lint=all",
    "--lint-fatal",
    "rules/health.yml",
    ...ruleFiles,
  );
  assert.equal(code, 0, output);
});

describe("promtool's unit tests", { concurrency: 2 }, () => {
  for (const file of testFiles)
    it(file, async () => {
      const { code, output } = await runPromtool(PROMETHEUS, "test", "rules", file);
      assert.equal(code, 0, output);
    });
});
