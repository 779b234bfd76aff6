import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { parse } from "yaml";
import { runPromtool } from "../test/promtool.ts";
import { PROMETHEUS, ruleFiles, testFiles } from "../test/rules.ts";

it("promtool accepts prometheus.yml with its scrape jobs", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-promtool-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [file, name] of [
    ["prometheus.yml", "prometheus.yml"],
    ["prometheus/scrape/files.yml", "scrape.yml"],
    ["prometheus/rules/demo", "rules"],
  ] as const)
    await symlink(join(REPOSITORY, file), join(folder, name));
  const { code, output } = await runPromtool(folder, "check", "config", "prometheus.yml");
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

/** Returns the text of a test file and of its rules. */
function withRules(file: string): string {
  const path = join(PROMETHEUS, file);
  const text = readFileSync(path, "utf8");
  const { rule_files } = parse(text) as { rule_files: readonly string[] };
  return [text, ...rule_files.map((rules) => readFileSync(join(path, "..", rules), "utf8"))].join("\n");
}

/**
 * Whether a test file and its rules differ from those of the other gateway only in its name. Then the result is the same,
 * and promtool needs seconds for each file.
 */
function isRepeated(file: string): boolean {
  const other = file.replace("/gateway-rest-", "/gateway-");
  if (other === file || !testFiles.includes(other)) return false;
  return withRules(other).replaceAll("gateway", "gateway-rest") === withRules(file);
}

describe("promtool's unit tests", { concurrency: 2 }, () => {
  for (const file of testFiles)
    if (!isRepeated(file))
      it(file, async () => {
        const { code, output } = await runPromtool(PROMETHEUS, "test", "rules", file);
        assert.equal(code, 0, output);
      });
});
