import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parseSync } from "oxc-parser";
import { workspaceFolders } from "../runner/working-tree.ts";

/**
 * Checks the direction of imports. Biome reports import cycles (`noImportCycles` in biome.json). Tests, and the files
 * in folders named test/, may import anything.
 */
process.chdir(join(import.meta.dirname, "../.."));

/** The other folders and files that the files of a folder may import. The longest matching key applies. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "packages/contracts/": [],
  "packages/telemetry/": [],
  "packages/resilience/": [],
  "packages/service-runtime/": ["packages/contracts/", "packages/resilience/", "packages/telemetry/"],
  "packages/faults/": ["packages/contracts/", "packages/telemetry/", "packages/service-runtime/"],
  "packages/slo/": ["packages/contracts/"],
  "load/": ["packages/contracts/"],
  // The launcher observes services from outside; it shares one function with them.
  "packages/stack/": [
    "packages/contracts/",
    "packages/faults/",
    "packages/service-runtime/src/collect-garbage.ts",
    "load/src/",
  ],
  "packages/stack/bin/": ["scripts/bootstrap.mjs"],
  // src/client has the names of the scenarios.
  "grafana/": ["packages/contracts/", "packages/slo/", "packages/faults/src/client/"],
  "apps/": ["packages/contracts/", "packages/telemetry/", "packages/service-runtime/", "packages/faults/"],
  // The console reads the results of load tests, and draws their plots.
  "apps/console/": [
    "packages/contracts/",
    "packages/telemetry/",
    "packages/service-runtime/",
    "packages/faults/",
    "load/src/result.ts",
    "load/src/report/plots.ts",
  ],
  "deploy/": [
    "packages/contracts/",
    "packages/faults/",
    "packages/stack/src/components/configuration.ts",
    "packages/stack/src/ports.ts",
  ],
  "scripts/": ["packages/stack/src/no-proxy.mjs"],
};

/** The folders of packages/stack/src, from top to bottom. The files directly in it are below all folders. */
const STACK = "packages/stack/src/";
const STACK_FOLDERS = ["cli", "doctor", "supervisor", "components", "programs", "terminal"];

const isTest = (file: string) => /\.(test|spec)\.tsx?$|\/test\//.test(file);

/** Returns the folder of a workspace or a top-level folder, with a slash at the end. */
const unitOf = (file: string) => `${file.split("/", /^(packages|apps)\//.test(file) ? 2 : 1).join("/")}/`;

/** Returns the reason why a file must not import another; undefined if it may. */
function whyForbidden(from: string, to: string): string | undefined {
  const [unit, other] = [unitOf(from), unitOf(to)];
  if (unit !== other) {
    const rule = Object.keys(ALLOWED)
      .filter((prefix) => from.startsWith(prefix))
      .toSorted((a, b) => b.length - a.length)[0];
    if (rule === undefined) return `${unit} is not in the table of this test`;
    return ALLOWED[rule]?.some((prefix) => to.startsWith(prefix))
      ? undefined
      : `${unit} must not import ${other}`;
  }
  if (!from.startsWith(STACK) || !to.startsWith(STACK) || from === `${STACK}index.ts`) return undefined;
  if (to === `${STACK}index.ts`) return "index.ts is for other packages";
  const [source, target] = [from, to].map((file) => file.slice(STACK.length).split("/", 2));
  const rank = (path: string[] = []) =>
    path.length === 1 ? STACK_FOLDERS.length : STACK_FOLDERS.indexOf(path[0] ?? "");
  if (rank(source) < 0 || rank(target) < 0) return `the folders of ${STACK} are ${STACK_FOLDERS.join(", ")}`;
  return rank(target) < rank(source) ? `${source?.[0]} must not import ${target?.[0]}` : undefined;
}

/** The workspaces by name, each with its folder and its entry points. */
const workspaces = new Map(
  workspaceFolders().map((folder) => {
    const { name, exports = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return [name as string, { folder, exports: exports as Record<string, string> }];
  }),
);

function resolved(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return join(dirname(file), specifier);
  const [, name = "", subpath = ""] = /^(@lgtm-lab\/[^/]+)(.*)$/.exec(specifier) ?? [];
  const workspace = workspaces.get(name);
  return workspace && join(workspace.folder, workspace.exports[`.${subpath}`] ?? "");
}

/**
 * Returns our modules that a file imports by `import`, `export … from`, or `import()` of a literal. `types` includes
 * `import type`.
 */
function importsOf(file: string, { types }: { types: boolean }): string[] {
  const text = readFileSync(file, "utf8");
  const { module, errors } = parseSync(file, text);
  assert.deepEqual(errors, [], file);
  const literals = module.dynamicImports
    .map(({ moduleRequest }) => text.slice(moduleRequest.start, moduleRequest.end))
    .flatMap((source) => /^["'`]([^"'`$]*)["'`]$/.exec(source)?.[1] ?? []);
  const counts = ({ start }: { start: number }) =>
    types || !/^(im|ex)port type\b/.test(text.slice(start, start + 20));
  const specifiers = [
    ...module.staticImports.filter(counts).map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports
      .filter(counts)
      .flatMap(({ entries }) => entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...literals,
  ];
  return specifiers.flatMap((specifier) => resolved(file, specifier) ?? []);
}

test("imports point downwards", () => {
  const files = globSync("{packages,apps,grafana,load,deploy,scripts}/**/*.{ts,tsx,mts,mjs}", {
    exclude: (path) => /^(node_modules|dist|generated)$/.test(path.split("/").at(-1) ?? ""),
  }).filter((file) => !isTest(file));
  const imports = files.flatMap((file) =>
    importsOf(file, { types: true }).map((target) => ({ file, target })),
  );
  assert.ok(imports.length > 1000, `${imports.length} imports found`);
  const forbidden = imports.flatMap(({ file, target }) => {
    const why = isTest(target) ? "it is not a test" : whyForbidden(file, target);
    return why ? [`${file} imports ${target}: ${why}`] : [];
  });
  assert.deepEqual([...new Set(forbidden)], []);
});

/** Returns these modules and all modules that they load. */
function closureOf(entries: readonly string[]): Set<string> {
  const closure = new Set(entries);
  for (const file of closure) for (const target of importsOf(file, { types: false })) closure.add(target);
  return closure;
}

/** Returns the paths that stages of the Dockerfile copy from the clone. /services has all apps except the console. */
const copied = (...stages: readonly string[]) =>
  readFileSync("Dockerfile", "utf8")
    .split(/^FROM /m)
    .filter((stage) => stages.some((name) => new RegExp(`^\\S+ AS ${name}$`, "m").test(stage)))
    .flatMap((stage) => [
      ...[...stage.matchAll(/ \/lab\/(\S+)(?=.* \S+$)/gm)].map(([, path = ""]) => path),
      ...(stage.includes(" /services ") ? globSync("apps/*", { exclude: ["apps/console"] }) : []),
    ]);

/** The copied paths that contain no modules: data, programs for the build, packages and built files. */
const NOT_MODULES = [
  "node_modules",
  "package.json",
  "deploy/container/ready",
  "deploy/container/warm-up",
  "apps/console/package.json",
  "apps/console/dist",
  "grafana/dashboards",
  "docs/runbooks",
];
const contains = (path: string, file: string) => `${file}/`.startsWith(`${path}/`);

const AT_THE_START = ["deploy/container/init.ts", "deploy/container/fault.ts"];
for (const [image, entries] of Object.entries({
  services: [...globSync("apps/*/src/main.ts"), ...AT_THE_START],
  console: ["apps/console/server/main.ts"],
}))
  test(`the image ${image} contains every module that it runs, and no folder without one`, () => {
    const paths = copied("base", image);
    const modules = [...closureOf(entries)];
    assert.ok(modules.length > 50, `${modules.length} modules`);
    assert.deepEqual(
      modules.filter((file) => !paths.some((path) => contains(path, file))),
      [],
    );
    const unused = paths.filter((path) => !modules.some((file) => contains(path, file)));
    assert.deepEqual(
      unused.filter((path) => !NOT_MODULES.includes(path)),
      [],
    );
  });

for (const [from, to, why] of [
  ["packages/contracts/src/a.ts", "packages/telemetry/src/b.ts", /packages\/contracts\/ must not import/],
  ["packages/telemetry/src/a.ts", "packages/contracts/src/b.ts", /must not import packages\/contracts/],
  ["packages/stack/src/cli/up.ts", "apps/console/build/build.ts", /must not import apps\/console/],
  ["packages/stack/src/cli/up.ts", "packages/service-runtime/src/index.ts", /must not import/],
  ["apps/console/server/a.ts", "packages/stack/src/index.ts", /must not import packages\/stack/],
  ["apps/gateway/src/a.ts", "apps/service-a/src/b.ts", /must not import apps\/service-a/],
  ["packages/new/src/a.ts", "packages/contracts/src/index.ts", /not in the table/],
  [
    "packages/stack/src/terminal/a.ts",
    "packages/stack/src/programs/b.ts",
    /terminal must not import programs/,
  ],
  ["packages/stack/src/env.ts", "packages/stack/src/terminal/a.ts", /env.ts must not import terminal/],
  ["packages/stack/src/new/a.ts", "packages/stack/src/env.ts", /the folders of/],
  ["packages/stack/src/cli/a.ts", "packages/stack/src/index.ts", /for other packages/],
] as const)
  test(`forbidden: ${from} → ${to}`, () => assert.match(whyForbidden(from, to) ?? "", why));
