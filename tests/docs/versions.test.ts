import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  COMPONENTS,
  clusterPrograms,
  composeProgram,
  k6Program,
  kustomizeProgram,
  manifestsProgram,
  REPOSITORY,
} from "@lgtm-lab/stack";
import { parse } from "yaml";
import { FILES, PAGES } from "./pages.ts";

/**
 * The version of a component is pinned in its file of packages/stack, in docker-compose.yml and in tools/go. These
 * tests fail when the places differ, or when Renovate would not find one of them.
 */

const read = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");

const PROGRAMS = [
  ...COMPONENTS.flatMap(({ name, program }) => (program.kind === "binary" ? [{ name, program }] : [])),
  { name: "compose", program: composeProgram },
  { name: "k6", program: k6Program },
  { name: "kustomize", program: kustomizeProgram },
];
/** Programs without a release that is used: for tests of deploy/kubernetes. */
const BUILT = { manifests: manifestsProgram, ...clusterPrograms };

interface CustomManager {
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
  readonly datasourceTemplate?: string;
}
interface PackageRule {
  readonly groupName?: string;
  readonly matchManagers?: readonly string[];
  readonly matchFileNames?: readonly string[];
  readonly matchPackageNames: readonly string[];
  readonly enabled?: boolean;
}
const renovate: { customManagers: CustomManager[]; packageRules: PackageRule[] } = JSON.parse(
  read("renovate.json"),
);

/** The versions that Renovate's regex managers find: `file depName version`. */
const found = renovate.customManagers.flatMap(({ managerFilePatterns, matchStrings, datasourceTemplate }) =>
  FILES.filter((path) =>
    managerFilePatterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(path)),
  ).flatMap((path) =>
    matchStrings.flatMap((pattern) =>
      [...read(path).matchAll(new RegExp(pattern, "g"))].map(({ groups = {} }) => {
        assert.ok(datasourceTemplate ?? groups.datasource, `${path}: no data source`);
        return { path, depName: groups.depName ?? "", version: groups.currentValue ?? "" };
      }),
    ),
  ),
);
const foundIn = (path: RegExp) => found.filter((one) => path.test(one.path));

/** Whether our folder contains the main package: otelcol is generated from a manifest, tempo has a pseudo-version. */
const isOwnMain = ({ package: mainPackage }: { package: string }) => mainPackage === ".";
/** Returns the path of the module that contains a main package. */
const moduleOf = ({ package: mainPackage }: { package: string }) => mainPackage.replace(/\/cmd(\/.*)?$/, "");

/** Returns the version of a module that a `go.mod` requires. */
function required(folder: string, module: string): string | undefined {
  const line = new RegExp(`^(?:require )?\\t?${module.replaceAll(".", "\\.")} (v\\S+)`, "m");
  return line.exec(read(`tools/go/${folder}/go.mod`))?.[1];
}

describe("Renovate finds every version outside package.json", () => {
  it("the release of every component", () => {
    const released = [
      ...PROGRAMS.map(({ program }) => program.release?.version),
      ...new Set(Object.values(BUILT).map(({ module }) => module?.version)),
    ];
    const versions = foundIn(/^packages\/stack\/src\/components\//).map(({ version }) => version);
    assert.deepEqual(versions.sort(), released.sort());
  });

  it("every module of the collector, and its version", () => {
    const manifest = "tools/go/otelcol/builder-config.yaml";
    const { dist, ...parts } = parse(read(manifest)) as {
      dist: { version: string };
    } & Record<string, { gomod: string }[]>;
    const modules = Object.values(parts)
      .flat()
      .map(({ gomod }) => gomod);
    assert.ok(modules.length > 5);
    assert.deepEqual(
      foundIn(/builder-config/)
        .map(({ depName, version }) => `${depName} ${version}`)
        .sort(),
      [...modules, `open-telemetry/opentelemetry-collector-releases ${dist.version}`].sort(),
    );
  });

  it("the image of Node", () => {
    const { devDependencies } = JSON.parse(read("package.json"));
    assert.deepEqual(foundIn(/^docker-compose/), [
      {
        path: "docker-compose.yml",
        depName: "node",
        version: `${devDependencies.node}-bookworm-slim`,
      },
    ]);
  });
});

describe("Renovate updates all places of a component together", () => {
  const compose: Readonly<Record<string, { image: string }>> = parse(read("docker-compose.yml"), {
    merge: true,
  }).services;
  for (const { name, program } of PROGRAMS)
    it(name, () => {
      const { release, module } = program;
      const releases = foundIn(/^packages\/stack\/src\/components\//)
        .filter(({ version }) => version === release?.version)
        .map(({ depName }) => depName);
      const image = compose[name]?.image.split(":")[0] ?? [];
      const source = module === undefined || isOwnMain(module) ? [] : moduleOf(module);
      const groups = renovate.packageRules.filter(
        ({ groupName, matchPackageNames }) =>
          groupName !== undefined &&
          releases.some((depName) => matchPackageNames.includes(depName)) &&
          [image, source].flat().every((one) => matchPackageNames.includes(one)),
      );
      assert.equal(groups.length, 1, `no group with ${[releases.join(" or "), image, source].flat()}`);
    });

  for (const { name, program } of PROGRAMS) {
    const { module } = program;
    if (module === undefined || isOwnMain(module)) continue;
    it(`${name}: its go.mod is enabled`, () => {
      const rule = renovate.packageRules.find(
        ({ matchFileNames }) => matchFileNames?.[0] === `tools/go/${module.folder}/go.mod`,
      );
      assert.deepEqual(rule, {
        matchManagers: ["gomod"],
        matchFileNames: [`tools/go/${module.folder}/go.mod`],
        matchPackageNames: [moduleOf(module)],
        enabled: true,
      });
    });
  }
});

describe("go.mod requires the version of the component", () => {
  for (const { name, program } of PROGRAMS) {
    const { module, release } = program;
    if (module === undefined || isOwnMain(module)) continue;
    it(name, () => {
      assert.equal(module.version, release?.version);
      const [major = "", minor = "", patch = ""] = module.version.split(".");
      // Version 3.15.0 of Prometheus is version 0.315.0 of its module.
      const version =
        name === "prometheus" ? `v0.${major}${minor.padStart(2, "0")}.${patch}` : `v${module.version}`;
      assert.equal(required(module.folder, moduleOf(module)), version);
      // k6 has its version in its code.
      if (name !== "k6")
        assert.ok(module.ldflags.includes(version), `${version} is not in ${module.ldflags}`);
    });
  }

  it("otelcol: the manifest and the generated go.mod", () => {
    const { version } =
      PROGRAMS.find(({ name }) => name === "otelcol")?.program.module ?? assert.fail("no otelcol");
    const parts = foundIn(/builder-config/);
    assert.ok(parts.some((part) => part.version === version));
    for (const { depName, version } of parts)
      if (depName.includes(".")) assert.equal(required("otelcol", depName), version, depName);
  });

  for (const [name, program] of [
    ["manifests", manifestsProgram],
    ["kubernetes", clusterPrograms.kubernetes],
  ] as const)
    it(`${name}: Kubernetes, and the modules of its repository`, () => {
      const { version, folder } = program.module ?? assert.fail("no module");
      assert.equal(required(folder, "k8s.io/kubernetes"), `v${version}`);
      const replaced = [...read(`tools/go/${folder}/go.mod`).matchAll(/^\t(\S+) => \1 (\S+)$/gm)];
      assert.ok(replaced.length > 20);
      for (const [, module, staging] of replaced)
        assert.equal(staging, `v${version.replace(/^1/, "0")}`, module);
    });

  for (const [name, module] of [
    ["etcd", "go.etcd.io/etcd/server/v3"],
    ["coredns", "github.com/coredns/coredns"],
    ["traefik", "github.com/traefik/traefik/v3"],
    ["kube-router", "github.com/cloudnativelabs/kube-router/v2"],
  ] as const)
    it(name, () => {
      assert.equal(required(name, module), `v${clusterPrograms[name].module?.version}`);
    });

  it("tempo: date and commit of the pseudo-version", () => {
    const module = PROGRAMS.find(({ name }) => name === "tempo")?.program.module ?? assert.fail("no tempo");
    const [, date, commit] =
      /-0\.(\d{8})\d{6}-(\w+)$/.exec(required("tempo", "github.com/grafana/tempo") ?? "") ?? [];
    assert.ok(module.version.endsWith(`.${date}`), `${module.version}, not of ${date}`);
    assert.ok(module.ldflags.includes(`${commit}`), `${commit} is not in ${module.ldflags}`);
  });
});

describe("docs repeat no version", () => {
  const pages = PAGES.map(({ path }) => path).filter((path) => path !== "CHANGELOG.md");
  const versions = PROGRAMS.flatMap(({ name, program }) =>
    [program.release?.version, program.module?.version].flatMap((version) =>
      version === undefined ? [] : [{ name, version }],
    ),
  );
  /** A line of the output of `lab start`, which shows the version of one component. */
  const OUTPUT = /^✓ (\w+) +ready in [\d.]+ s +\((\S+), \w+\)$/gm;

  for (const path of pages)
    it(path, () => {
      const text = read(path);
      for (const [, name, shown] of text.matchAll(OUTPUT)) {
        const known = versions.filter((one) => one.name === name).map(({ version }) => version);
        if (known.length > 0) assert.ok(known.includes(`${shown}`), `${name} ${shown}, not ${known}`);
      }
      const rest = text.replaceAll(OUTPUT, "");
      const repeated = versions.filter(({ version }) =>
        new RegExp(`(?<![\\d.])${version.replaceAll(".", "\\.")}(?![\\d.]*\\d)`).test(rest),
      );
      assert.deepEqual(repeated, []);
    });
});
