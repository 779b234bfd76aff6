import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "../src/repository.ts";
import { runPromtool } from "./promtool.ts";

const prometheus = join(REPOSITORY, "prometheus");
const ruleFiles = globSync("rules/**/*.yml", { cwd: prometheus }).sort();
const testFiles = globSync("tests/**/*.test.yml", { cwd: prometheus }).sort();

it("promtool finds nothing wrong with any rule file", async () => {
  const { code, output } = await runPromtool(
    prometheus,
    "check",
    "rules",
    "--lint=all",
    "--lint-fatal",
    ...ruleFiles,
  );
  assert.equal(code, 0, output);
});

describe("promtool's unit tests", { concurrency: 2 }, () => {
  for (const file of testFiles)
    it(file, async () => {
      const { code, output } = await runPromtool(prometheus, "test", "rules", file);
      assert.equal(code, 0, output);
    });
});
