import assert from "node:assert/strict";
import { cpSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { execa } from "execa";
import { parse } from "yaml";
import { temporaryFolder } from "../../packages/stack/test/helpers.ts";
import { read } from "../kubernetes/manifests.ts";

const NOTES = "scripts/release-notes.mjs";

/** Runs scripts/release-notes.mjs in a clone of version 1.2.3 with this changelog. */
async function notesOf(tag: string, changelog: string) {
  const clone = temporaryFolder();
  mkdirSync(join(clone, "scripts"));
  cpSync(join(REPOSITORY, NOTES), join(clone, NOTES));
  writeFileSync(join(clone, "package.json"), '{"version": "1.2.3"}');
  writeFileSync(join(clone, "CHANGELOG.md"), changelog);
  const { exitCode, stdout, stderr } = await execa(process.execPath, [join(clone, NOTES), tag], {
    reject: false,
  });
  return { exitCode, stdout, stderr };
}

for (const heading of ["## 1.2.3", "## 1.2.3 - 2026-12-01", "## [1.2.3] - 2026-12-01"])
  test(`the notes of a release are the section "${heading}"`, async () => {
    const changelog = `# Changelog\n\n## Unreleased\n\n- next\n\n${heading}\n\n### Added\n\n- this\n\n## 1.2.30\n\n- before\n`;
    assert.deepEqual(await notesOf("v1.2.3", changelog), {
      exitCode: 0,
      stdout: "### Added\n\n- this",
      stderr: "",
    });
  });

for (const [tag, changelog, message] of [
  ["v1.2.4", "## 1.2.4\n\n- x\n", "The tag v1.2.4 does not match package.json: it must be v1.2.3."],
  ["v1.2.3", "## 1.2.30\n\n- x\n", 'CHANGELOG.md has no section "## 1.2.3", or it is empty.'],
  ["v1.2.3", "## 1.2.3\n\n## 1.2.2\n\n- x\n", 'CHANGELOG.md has no section "## 1.2.3", or it is empty.'],
] as const)
  test(`no release: ${message}`, async () => {
    assert.deepEqual(await notesOf(tag, changelog), { exitCode: 1, stdout: "", stderr: message });
  });

interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
  readonly strategy?: { readonly matrix: { readonly target?: readonly string[] } };
}
const workflows = new Map<string, { permissions: object; jobs: Record<string, Job> }>(
  globSync(".github/workflows/*.yml", { cwd: REPOSITORY }).map((file) => [basename(file), parse(read(file))]),
);
const jobs = [...workflows].flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => ({ file, name, job })),
);

test("only the job that signs can request an OIDC token, and only the last job can write to the repository", () => {
  for (const [file, { permissions }] of workflows) assert.deepEqual(permissions, { contents: "read" }, file);
  const allowed = (permission: string) =>
    jobs
      .filter(({ job }) => job.permissions?.[permission] === "write")
      .map(({ file, name }) => `${file} ${name}`);
  assert.deepEqual(allowed("id-token"), ["release.yml publish"]);
  assert.deepEqual(allowed("contents"), ["release.yml release"]);
  assert.deepEqual(allowed("packages").sort(), ["release.yml images", "release.yml publish"]);
});

test("images get a tag and a signature only after the tests in Kubernetes", () => {
  const { kubernetes, publish, release } = workflows.get("release.yml")?.jobs ?? {};
  assert.ok(kubernetes?.needs?.includes("images"));
  assert.ok(publish?.needs?.includes("kubernetes"));
  assert.ok(release?.needs?.includes("publish"));
  const tagging = jobs.filter(({ job }) =>
    job.steps?.some(({ run }) => /imagetools create|cosign sign/.test(run ?? "")),
  );
  assert.deepEqual(
    tagging.map(({ name }) => name),
    ["publish"],
  );
});

test("every image is built in CI and released", () => {
  const built = [...read("Dockerfile").matchAll(/^FROM \S+ AS (services|console)$/gm)].map(
    ([, target]) => target,
  );
  const perTarget = jobs.filter(({ job }) => job.strategy?.matrix.target);
  assert.deepEqual(perTarget.map(({ file, name }) => `${file} ${name}`).sort(), [
    "ci.yml images",
    "release.yml images",
    "release.yml publish",
  ]);
  for (const { file, name, job } of perTarget)
    assert.deepEqual([...(job.strategy?.matrix.target ?? [])].sort(), built.sort(), `${file} ${name}`);
  assert.equal(built.length, 2);
});

test("every action is pinned, in one version", () => {
  const versions = new Map<string, string>();
  for (const { file, name, job } of jobs)
    for (const { uses } of job.steps ?? []) {
      if (uses === undefined) continue;
      const [, action = "", version = ""] =
        /^([\w-]+\/[\w-]+)@(v\d[\d.]*|[0-9a-f]{40})$/.exec(uses) ?? assert.fail(`${file} ${name}: ${uses}`);
      assert.equal(versions.get(action) ?? version, version, action);
      versions.set(action, version);
    }
  assert.ok(versions.size >= 8, `${versions.size} actions`);
});
