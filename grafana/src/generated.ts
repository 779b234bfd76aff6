import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROFILES } from "@lgtm-lab/slo";
import { alertRuleFile } from "./alert-rules.ts";
import { dashboards } from "./dashboards/index.ts";
import { GRAFANA_FOLDER } from "./repository.ts";

/** Where generated files are: whatever else is found there is left over. */
const FOLDERS = ["dashboards/*.json", "provisioning/alerting/slo-rules.yaml", "production/slo-rules.yaml"];

/** Every generated file, by its path under `grafana/`. */
export function generatedFiles(): Map<string, string> {
  return new Map([
    ...Object.entries(dashboards).map(
      ([name, dashboard]) =>
        [`dashboards/${name}.json`, `${JSON.stringify(dashboard, undefined, 2)}\n`] as const,
    ),
    ["provisioning/alerting/slo-rules.yaml", alertRuleFile(PROFILES.demo)],
    // Takes the other one's place where the production profile is active.
    ["production/slo-rules.yaml", alertRuleFile(PROFILES.production)],
  ]);
}

/** The paths under `folder` that differ from what the generator makes: changed, missing, or no longer made by it. */
export function drift(folder: string = GRAFANA_FOLDER): string[] {
  const files = generatedFiles();
  const changed = [...files].filter(([path, content]) => {
    const file = join(folder, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== content;
  });
  const leftOver = globSync(FOLDERS, { cwd: folder })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !files.has(path));
  return [...changed.map(([path]) => path), ...leftOver];
}

/** Makes every generated file anew, and removes those that are no longer made. Returns the paths that changed. */
export function generate(folder: string = GRAFANA_FOLDER): string[] {
  const files = generatedFiles();
  const changed = drift(folder);
  for (const path of changed) {
    const content = files.get(path);
    const file = join(folder, path);
    if (content === undefined) rmSync(file);
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
  return changed;
}
