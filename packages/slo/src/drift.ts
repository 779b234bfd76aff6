import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GENERATED_FOLDERS, generatedFiles } from "./generated.ts";
import { REPOSITORY } from "./repository.ts";

/** The paths that differ from what the generator would make: changed, missing, or no longer made by it. */
export function drift(root: string = REPOSITORY): string[] {
  const files = generatedFiles(root);
  const changed = [...files].filter(([path, content]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== content;
  });
  return [...changed.map(([path]) => path), ...leftOver(files, root)];
}

/** Makes every generated file anew and removes those whose objective is gone. Returns the paths that changed. */
export function generate(root: string = REPOSITORY): string[] {
  const files = generatedFiles(root);
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

const leftOver = (files: Map<string, string>, root: string) =>
  globSync(
    GENERATED_FOLDERS.map((folder) => `${folder}/*`),
    { cwd: root },
  )
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !files.has(path));
