import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { BuildError, buildWebApplication } from "./build.ts";
import { hashOfSources, isBuiltFrom } from "./sources.ts";

/** Replaces Vite: fails if the source contains "broken". Counts its runs in the file `builds`. */
const BUILDER = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
const source = readFileSync("web/main.tsx", "utf8");
appendFileSync("../../builds", "x");
if (source.includes("broken")) { console.error("main.tsx:1:1 unexpected token"); process.exit(1); }
const target = process.argv[process.argv.indexOf("--outDir") + 1];
mkdirSync(target + "/assets", { recursive: true });
console.log("transforming...");
writeFileSync(target + "/index.html", "<!doctype html>" + source);
writeFileSync(target + "/assets/main-1.js", source.repeat(2000));
`;

/** Creates a clone that contains only the files the console's build needs. */
function clone(test: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "lab-build-"));
  test.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("node_modules/vite/bin/vite.js", BUILDER);
  write("node_modules/vite/package.json", '{"type":"module"}');
  write("apps/console/web/main.tsx", "one");
  write("packages/contracts/src/limits.ts", "");
  for (const file of ["apps/console/vite.config.ts", "apps/console/package.json", "package-lock.json"])
    write(file, "{}");
  const progress: string[] = [];
  return {
    root,
    write,
    progress,
    /** Builds if necessary, as main.ts does. Returns whether a build was necessary. */
    build: async () => {
      if (isBuiltFrom(root, hashOfSources(root))) return false;
      await buildWebApplication(root, (text) => progress.push(text));
      return true;
    },
    builds: () => (existsSync(join(root, "builds")) ? readFileSync(join(root, "builds"), "utf8").length : 0),
    dist: (path: string) => readFileSync(join(root, "apps/console/dist", path)),
  };
}

test("builds the web application if it is missing or its sources have changed", async (t) => {
  const { root, write, build, builds, dist, progress } = clone(t);
  assert.equal(await build(), true);
  assert.match(dist("index.html").toString(), /one/);
  assert.ok(progress.some((text) => text.endsWith(": transforming")));
  assert.equal(await build(), false);
  write("apps/console/web/main.test.tsx", "a test does not trigger a build");
  assert.equal(await build(), false);
  for (const [path, text] of [
    ["apps/console/web/main.tsx", "two"],
    ["apps/console/web/deep/more.ts", "new"],
    ["packages/contracts/src/limits.ts", "more"],
    ["packages/faults/src/client/stack-faults.ts", "new"],
    ["package-lock.json", '{"other":"packages"}'],
    ["apps/console/vite.config.ts", "{ }"],
    ["apps/console/vite.plugin-of-ours.ts", "{}"],
  ] as const) {
    write(path, text);
    assert.equal(await build(), true, path);
  }
  write("apps/console/README.md", "documentation does not trigger a build");
  assert.equal(await build(), false);
  assert.match(dist("index.html").toString(), /two/);
  rmSync(join(root, "apps/console/dist/index.html"));
  assert.equal(await build(), true, "index.html is missing");
  assert.equal(builds(), 9);
  assert.deepEqual(readdirSync(join(root, "node_modules/.cache")), [], "temporary files are removed");
});

test("stores compressed copies of files that are large enough", async (t) => {
  const { build, dist } = clone(t);
  await build();
  const plain = dist("assets/main-1.js");
  assert.deepEqual(brotliDecompressSync(dist("assets/main-1.js.br")), plain);
  assert.deepEqual(gunzipSync(dist("assets/main-1.js.gz")), plain);
  assert.throws(() => dist("index.html.br"), /ENOENT/);
});

test("a failed build reports Vite's output and keeps the previous build; the next start builds again", async (t) => {
  const { write, build, builds, dist } = clone(t);
  await build();
  write("apps/console/web/main.tsx", "broken");
  for (const _ of [1, 2])
    await assert.rejects(build(), (error: unknown) => {
      assert.ok(error instanceof BuildError);
      assert.match(error.message, /could not be built/);
      assert.match(error.failure.command?.args[0] ?? "", /vite\.js$/);
      assert.match(error.failure.tail?.join("\n") ?? "", /unexpected token/);
      return true;
    });
  assert.equal(builds(), 3);
  assert.match(dist("index.html").toString(), /one/);
});

test("if the clone is not writable, the error names the folder and contains a fix", async (t) => {
  const { write, build } = clone(t);
  write("node_modules/.cache", "a file, so that even root cannot create a folder with this name");
  await assert.rejects(build(), (error: unknown) => {
    assert.ok(error instanceof BuildError);
    assert.match(
      error.message,
      /^The console's web application cannot be built.* \S+node_modules\/\.cache cannot be written/,
    );
    assert.match(error.failure.fix ?? "", /^start/);
    return true;
  });
});
