import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { importsOf } from "./module-imports.ts";

/** Returns these modules and all modules that they load. */
function closureOf(entries: readonly string[]): Set<string> {
  const closure = new Set(entries);
  for (const file of closure)
    if (/\.tsx?$/.test(file)) for (const target of importsOf(file, { types: false })) closure.add(target);
  return closure;
}

/** Returns the paths that stages of the Dockerfile copy from the clone. /services has all apps except the console. */
const copiedPaths = (...stages: readonly string[]) =>
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
  "tsconfig.json",
  "apps/console/package.json",
  "apps/console/dist",
  "grafana/dashboards",
  "docs/runbooks",
];
const contains = (path: string, file: string) => `${file}/`.startsWith(`${path}/`);

/** The programs that containers run in addition to the apps. */
const CONTAINER_ENTRY_POINTS = ["init", "fault", "certificates"].map((name) => `deploy/container/${name}.ts`);
for (const [stages, entries] of [
  [
    ["base", "services"],
    [...globSync("apps/*/src/main.ts"), ...CONTAINER_ENTRY_POINTS],
  ],
  [["base", "console"], ["apps/console/server/main.ts"]],
  [["web"], ["apps/console/web/src/main.tsx"]], // the build of the web application
] as const)
  test(`the stage ${stages.at(-1)} contains every module that it uses, and copies no unused path`, () => {
    const paths = copiedPaths(...stages);
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

test("the packages that the images need are in the folder of packages that they copy", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: object };
  const folders = [...copiedPaths("base", "services", "console")].filter((path) =>
    /^(apps|packages)\//.test(path),
  );
  const nested = Object.keys(packages).filter((path) =>
    folders.some((folder) => path.startsWith(`${folder}/node_modules/`)),
  );
  // To move one up: install it in the root, and undo the change of the root's package.json.
  assert.deepEqual(nested, []);
});
