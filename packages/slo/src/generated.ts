import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { burnAlertName } from "./alerts.ts";
import { PROFILES } from "./profile.ts";
import { eventsOf } from "./promtool/events.ts";
import { unitTestFile } from "./promtool/unit-test-file.ts";
import { readSloFolder } from "./read.ts";
import { REPOSITORY } from "./repository.ts";
import { healthFile, ruleFile } from "./rule-files.ts";

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

/** The folders that hold generated files and nothing else. */
const GENERATED_FOLDERS: readonly string[] = Object.keys(PROFILES).flatMap((name) => [
  `prometheus/rules/${name}`,
  `prometheus/tests/${name}`,
]);

/** The paths that differ from what the generator would make: changed, missing, or no longer made by it. */
export function drift(root: string = REPOSITORY): string[] {
  const files = generated(root).files;
  const changed = [...files].filter(([path, content]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== content;
  });
  return [...changed.map(([path]) => path), ...leftOver(files, root)];
}

/** Makes every generated file anew and removes those whose objective is gone. Returns the paths that changed. */
export function generate(root: string = REPOSITORY): string[] {
  const files = generated(root).files;
  const changed = drift(root);
  for (const path of changed) {
    const content = files.get(path);
    const file = join(root, path);
    if (content === undefined) rmSync(file);
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
  return changed;
}

const leftOver = (files: ReadonlyMap<string, string>, root: string) =>
  globSync(
    GENERATED_FOLDERS.map((folder) => `${folder}/*`),
    { cwd: root },
  )
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !files.has(path));
