import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { burnAlertName } from "./alerts.ts";
import type { Generated } from "./generated-files.ts";
import { PROFILES } from "./profile.ts";
import { eventsOf } from "./promtool/events.ts";
import { unitTestFile } from "./promtool/unit-test-file.ts";
import { readSloFolder } from "./read.ts";
import { healthFile, ruleFile } from "./rule-files.ts";

/**
 * Returns the rules and unit tests for the `slo/` folder and the health rules of a repository, by their paths in it.
 */
export function generateRules(root: string = REPOSITORY): Generated {
  const { slos, notes } = readSloFolder(join(root, "slo"));
  const health = readFileSync(join(root, "prometheus/rules/health.yml"), "utf8");
  const files = new Map<string, string>();
  const eventsBySlo = new Map(slos.map((slo) => [slo, eventsOf(slo)]));
  for (const profile of Object.values(PROFILES)) {
    const folder = `prometheus/rules/${profile.name}`;
    files.set(`${folder}/health.yml`, healthFile(health, profile));
    for (const [slo, found] of eventsBySlo) {
      files.set(`${folder}/${slo.name}.yml`, ruleFile(slo, profile));
      if ("events" in found)
        files.set(
          `prometheus/tests/${profile.name}/${slo.name}.test.yml`,
          unitTestFile(slo, profile.name, found.events),
        );
    }
  }
  for (const [{ name, file, kind }, found] of eventsBySlo) {
    if ("reason" in found) notes.push(`slo/${file}: ${name}: has rules but no unit test: ${found.reason}`);
    const page = `docs/runbooks/${burnAlertName(kind)}.md`;
    if (!existsSync(join(REPOSITORY, page)))
      notes.push(`slo/${file}: ${name}: its alerts link to ${page}, which does not exist: add this runbook`);
  }
  const patterns = Object.keys(PROFILES).flatMap((name) => [
    `prometheus/rules/${name}/*`,
    `prometheus/tests/${name}/*`,
  ]);
  return { files, patterns, notes };
}
