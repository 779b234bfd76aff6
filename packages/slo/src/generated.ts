import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { burnAlertName } from "./alerts.ts";
import { healthFile } from "./health.ts";
import { PROFILES } from "./profile.ts";
import { eventsOf } from "./promtool/events.ts";
import { unitTestFile } from "./promtool/unit-test-file.ts";
import { readSloFolder } from "./read.ts";
import { REPOSITORY } from "./repository.ts";
import { ruleFile } from "./rule-file.ts";

/** What the generator makes. */
export interface Generated {
  /** Every file that the generator owns, by its path in the clone, with the content it must have. */
  readonly files: Map<string, string>;
  /** What has no effect or could not be made, one sentence each. */
  readonly notes: string[];
}

/** Everything that is made from a clone's `slo/` and health rules. */
export function generated(root: string = REPOSITORY): Generated {
  const { slos, notes } = readSloFolder(join(root, "slo"));
  const health = readFileSync(join(root, "prometheus/rules/health.yml"), "utf8");
  const files = new Map<string, string>();
  const known = new Map(slos.map((slo) => [slo, eventsOf(slo)]));
  for (const profile of Object.values(PROFILES)) {
    const folder = `prometheus/rules/${profile.name}`;
    files.set(`${folder}/health.yml`, healthFile(health, profile));
    for (const [slo, found] of known) {
      files.set(`${folder}/${slo.name}.yml`, ruleFile(slo, profile));
      if ("events" in found)
        files.set(
          `prometheus/tests/${profile.name}/${slo.name}.test.yml`,
          unitTestFile(slo, profile.name, found.events),
        );
    }
  }
  for (const [{ name, file, kind }, found] of known) {
    if ("why" in found) notes.push(`slo/${file}: ${name}: has rules but no unit test: ${found.why}`);
    const page = `docs/runbooks/${burnAlertName(kind)}.md`;
    if (!existsSync(join(REPOSITORY, page)))
      notes.push(`slo/${file}: ${name}: its alerts link to ${page}, which does not exist: write it`);
  }
  return { files, notes };
}

/** The files of {@link generated}. */
export const generatedFiles = (root: string = REPOSITORY): Map<string, string> => generated(root).files;

/** The folders that hold generated files and nothing else. */
export const GENERATED_FOLDERS: readonly string[] = Object.keys(PROFILES).flatMap((name) => [
  `prometheus/rules/${name}`,
  `prometheus/tests/${name}`,
]);
