import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "oxc-parser";
import { workspaceFolders } from "../runner/working-tree.ts";

// Paths in these tests are relative to the root of the repository.
process.chdir(join(import.meta.dirname, "../.."));

/** The workspaces by name, each with its folder and its entry points. */
const workspaces = new Map(
  workspaceFolders().map((folder) => {
    const { name, exports = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return [name as string, { folder, exports: exports as Record<string, string> }];
  }),
);

/** Returns the file that an import names; undefined if it is not one of the lab's modules. */
function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return join(dirname(file), specifier);
  const [, name = "", subpath = ""] = /^(@lgtm-lab\/[^/]+)(.*)$/.exec(specifier) ?? [];
  const workspace = workspaces.get(name);
  return workspace && join(workspace.folder, workspace.exports[`.${subpath}`] ?? "");
}

/**
 * Returns the lab's modules that a file imports by `import`, `export … from`, or `import()` of a literal. With
 * `types`, `import type` and `export type … from` count too.
 */
export function importsOf(file: string, { types }: { types: boolean }): string[] {
  const text = readFileSync(file, "utf8");
  const { module, errors } = parseSync(file, text);
  assert.deepEqual(errors, [], file);
  const literals = module.dynamicImports
    .map(({ moduleRequest }) => text.slice(moduleRequest.start, moduleRequest.end))
    .flatMap((source) => /^["'`]([^"'`$]*)["'`]$/.exec(source)?.[1] ?? []);
  const isIncluded = ({ start }: { start: number }) =>
    types || !/^(im|ex)port type\b/.test(text.slice(start, start + 20));
  const specifiers = [
    ...module.staticImports.filter(isIncluded).map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports
      .filter(isIncluded)
      .flatMap(({ entries }) => entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...literals,
  ];
  return specifiers.flatMap((specifier) => resolveImport(file, specifier) ?? []);
}
