import { readFileSync } from "node:fs";
import { join } from "node:path";
import { healthFile } from "./health.ts";
import { PROFILES } from "./profile.ts";
import { unitTestFile } from "./promtool/unit-test-file.ts";
import { readSlos } from "./read.ts";
import { REPOSITORY } from "./repository.ts";
import { ruleFile } from "./rule-file.ts";

/** Every file that the generator owns, by its path in the clone, with the content it must have. */
export function generatedFiles(root: string = REPOSITORY): Map<string, string> {
  const slos = readSlos(join(root, "slo"));
  const health = readFileSync(join(root, "prometheus/rules/health.yml"), "utf8");
  const files = new Map<string, string>();
  for (const profile of Object.values(PROFILES)) {
    const folder = `prometheus/rules/${profile.name}`;
    files.set(`${folder}/health.yml`, healthFile(health, profile));
    for (const slo of slos) {
      files.set(`${folder}/${slo.name}.yml`, ruleFile(slo, profile));
      files.set(`prometheus/tests/${profile.name}/${slo.name}.test.yml`, unitTestFile(slo, profile.name));
    }
  }
  return files;
}

/** The folders that hold generated files and nothing else. */
export const GENERATED_FOLDERS: readonly string[] = Object.keys(PROFILES).flatMap((name) => [
  `prometheus/rules/${name}`,
  `prometheus/tests/${name}`,
]);
