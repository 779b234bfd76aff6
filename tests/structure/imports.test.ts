import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { test } from "node:test";
import { importsOf } from "./module-imports.ts";

// Biome reports import cycles (`noImportCycles` in biome.json).

/**
 * The other folders and files that the files of a folder may import. The longest matching key applies. Tests, and the
 * files in folders named test/, may import anything.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "packages/contracts/": [],
  "packages/telemetry/": [],
  "packages/resilience/": [],
  "packages/service-runtime/": ["packages/contracts/", "packages/resilience/", "packages/telemetry/"],
  "packages/faults/": ["packages/contracts/", "packages/telemetry/", "packages/service-runtime/"],
  "packages/issuer/": ["packages/contracts/"],
  "packages/certificates/": ["packages/contracts/"],
  "packages/slo/": ["packages/contracts/"],
  "load/": ["packages/contracts/"],
  // The launcher observes services from outside; it shares one function with them.
  "packages/stack/": [
    "packages/contracts/",
    "packages/certificates/",
    "packages/faults/",
    "packages/issuer/",
    "packages/service-runtime/src/collect-garbage.ts",
    "load/src/",
  ],
  "packages/stack/bin/": ["scripts/bootstrap.mjs"],
  // src/client has the names of the faults.
  "grafana/": ["packages/contracts/", "packages/slo/", "packages/faults/src/client/"],
  "apps/": ["packages/contracts/", "packages/telemetry/", "packages/service-runtime/", "packages/faults/"],
  "apps/traffic/": ["packages/contracts/", "packages/service-runtime/", "packages/issuer/"],
  "apps/gateway/": [
    "packages/contracts/",
    "packages/telemetry/",
    "packages/service-runtime/",
    "packages/faults/",
    "packages/resilience/",
  ],
  // The console reads the results of load tests, and draws their plots.
  "apps/console/": [
    "packages/contracts/",
    "packages/telemetry/",
    "packages/service-runtime/",
    "packages/faults/",
    "packages/issuer/",
    "load/src/result.ts",
    "load/src/report/plots.ts",
  ],
  "deploy/": [
    "packages/certificates/",
    "packages/contracts/",
    "packages/faults/",
    "packages/stack/src/certificates.ts",
    "packages/stack/src/components/configuration.ts",
    "packages/stack/src/ports.ts",
  ],
  "scripts/": ["packages/stack/src/no-proxy.mjs"],
};

/** The folders of packages/stack/src. A folder may import the folders after it, and all may import the files in src/. */
const STACK = "packages/stack/src/";
const STACK_FOLDERS = ["cli", "doctor", "supervisor", "hosts", "components", "programs", "terminal"];

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

test("modules import only what their folder may import", () => {
  const files = globSync("{packages,apps,grafana,load,deploy,scripts}/**/*.{ts,tsx,mts,mjs}", {
    exclude: (path) => /^(node_modules|dist|generated)$/.test(path.split("/").at(-1) ?? ""),
  }).filter((file) => !isTest(file));
  const imports = files.flatMap((file) =>
    importsOf(file, { types: true }).map((target) => ({ file, target })),
  );
  assert.ok(imports.length > 1000, `${imports.length} imports found`);
  const forbidden = imports.flatMap(({ file, target }) => {
    const why = isTest(target)
      ? "only tests may import tests and files in test/"
      : whyForbidden(file, target);
    return why ? [`${file} imports ${target}: ${why}`] : [];
  });
  assert.deepEqual([...new Set(forbidden)], []);
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
