import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { burnAlertName } from "./alerts.ts";
import { PROFILES } from "./profile.ts";
import { eventsOf } from "./promtool/events.ts";
import { unitTestFile } from "./promtool/unit-test-file.ts";
import { readSloFolder } from "./read.ts";
import { REPOSITORY } from "./repository.ts";
import { healthFile, ruleFile } from "./rule-files.ts";

/** The output of the generator. */
export interface Generated {
  /** The content of each generated file, by path in the repository. */
  readonly files: ReadonlyMap<string, string>;
  /** One sentence for each part of a document that has no effect or could not be generated. */
  readonly notes: string[];
}

/** Generates rules and unit tests from the `slo/` folder and the health rules of a repository. */
export function generated(root: string = REPOSITORY): Generated {
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
  return { files, notes };
}

/** Folders that contain only generated files. */
const GENERATED_FOLDERS: readonly string[] = Object.keys(PROFILES).flatMap((name) => [
  `prometheus/rules/${name}`,
  `prometheus/tests/${name}`,
]);

/** The paths of files that differ from the generator's output: changed, missing, or no longer generated. */
export function drift(root: string = REPOSITORY): string[] {
  const files = generated(root).files;
  const changed = [...files].filter(([path, content]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== content;
  });
  return [...changed.map(([path]) => path), ...obsoleteFiles(files, root)];
}

/** Writes all generated files and removes obsolete ones. Returns the paths that changed. */
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

const obsoleteFiles = (files: ReadonlyMap<string, string>, root: string) =>
  globSync(
    GENERATED_FOLDERS.map((folder) => `${folder}/*`),
    { cwd: root },
  )
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !files.has(path));
