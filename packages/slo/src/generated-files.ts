import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SloDocumentError } from "./read.ts";

/** The output of a generator whose files are committed. */
export interface Generated {
  /** The content of each file, by its path. */
  readonly files: ReadonlyMap<string, string>;
  /** Glob patterns that match generated files only, so that obsolete files are found. */
  readonly patterns: readonly string[];
  /** Sentences for the person who runs the generator. */
  readonly notes: readonly string[];
}

/** Returns the paths below `root` that differ from a generator's output: changed, missing, or no longer generated. */
export function driftOf({ files, patterns }: Generated, root: string): string[] {
  const changed = [...files].filter(([path, content]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== content;
  });
  const existing = globSync([...patterns], { cwd: root }).map((path) => path.replaceAll("\\", "/"));
  return [...changed.map(([path]) => path), ...existing.filter((path) => !files.has(path))];
}

/** Writes all generated files below `root` and removes obsolete ones. Returns the paths that changed. */
export function writeGenerated(generated: Generated, root: string): string[] {
  const changed = driftOf(generated, root);
  for (const path of changed) {
    const content = generated.files.get(path);
    const file = join(root, path);
    if (content === undefined) rmSync(file);
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
  return changed;
}

/**
 * Runs a generator from the command line: writes its files and lists the changed ones. With `--check` it writes
 * nothing, lists the files that differ, and exits with status 1 if there are any. `command` is the command line in
 * messages.
 */
export function runGenerator(generate: () => Generated, root: string, command: string): void {
  const check = process.argv.slice(2).includes("--check");
  try {
    const generated = generate();
    const changed = check ? driftOf(generated, root) : writeGenerated(generated, root);
    for (const note of generated.notes) console.error(`note: ${note}`);
    for (const path of changed) console.log(`${check ? "differs: " : ""}${path}`);
    if (check && changed.length > 0) {
      console.error(`Run \`${command}\` and commit the result.`);
      process.exitCode = 1;
    }
  } catch (error) {
    if (!(error instanceof SloDocumentError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
