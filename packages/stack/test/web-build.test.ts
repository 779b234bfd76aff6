import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { buildConsole } from "../src/web/build-console.ts";
import { fixture, fixtureStack, temporaryFolder } from "./helpers.ts";

/** Stands for Vite: what it is given to build says what it does. */
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

/** A clone with nothing in it but a console. */
function clone() {
  const root = temporaryFolder();
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
    build: () => buildConsole({ root, cache: join(root, "cache"), progress: (text) => progress.push(text) }),
    builds: () => (existsSync(join(root, "builds")) ? readFileSync(join(root, "builds"), "utf8").length : 0),
    dist: (path: string) => readFileSync(join(root, "apps/console/dist", path)),
  };
}

test("the web application is built when there is none, or its sources have changed", async () => {
  const { root, write, build, builds, dist, progress } = clone();
  assert.equal(await build(), true);
  assert.match(dist("index.html").toString(), /one/);
  assert.ok(progress.some((text) => text.endsWith(": transforming")));
  assert.equal(await build(), false);
  write("apps/console/web/main.test.tsx", "a test is no source");
  assert.equal(await build(), false);
  for (const [path, text] of [
    ["apps/console/web/main.tsx", "two"],
    ["apps/console/web/deep/more.ts", "new"],
    ["packages/contracts/src/limits.ts", "more"],
    ["package-lock.json", '{"other":"packages"}'],
    ["apps/console/vite.config.ts", "{ }"],
    ["apps/console/vite.plugin-of-ours.ts", "{}"],
  ] as const) {
    write(path, text);
    assert.equal(await build(), true, path);
  }
  write("apps/console/README.md", "is no source either");
  assert.equal(await build(), false);
  assert.match(dist("index.html").toString(), /two/);
  rmSync(join(root, "apps/console/dist/index.html"));
  assert.equal(await build(), true, "half of it is gone");
  assert.equal(builds(), 8);
  assert.deepEqual(readdirSync(join(root, "node_modules/.cache")), [], "nothing is left beside it");
});

test("what is large enough is there compressed, too", async () => {
  const { build, dist } = clone();
  await build();
  const plain = dist("assets/main-1.js");
  assert.deepEqual(brotliDecompressSync(dist("assets/main-1.js.br")), plain);
  assert.deepEqual(gunzipSync(dist("assets/main-1.js.gz")), plain);
  assert.throws(() => dist("index.html.br"), /ENOENT/);
});

test("a build that fails says so with its output, leaves the former one, and is tried again", async () => {
  const { write, build, builds, dist } = clone();
  await build();
  write("apps/console/web/main.tsx", "broken");
  for (const _ of [1, 2])
    await assert.rejects(build(), ({ name, message }: Error) => {
      assert.equal(name, "LabError");
      assert.match(message, /could not be built.*\n {2}command: cd .*vite\.js build[\s\S]*unexpected token/);
      return true;
    });
  assert.equal(builds(), 3);
  assert.match(dist("index.html").toString(), /one/);
});

test("two that come at once build once", async () => {
  const { build, builds } = clone();
  // The lock is between processes: within one, the second call finds it held by itself.
  assert.deepEqual((await Promise.all([build(), build()])).toSorted(), [false, true]);
  assert.equal(builds(), 1);
});

test("a component starts and reports the failure if its web application cannot be built", async (t) => {
  const build = async () => {
    throw new Error("nothing to build it with");
  };
  const { stack, events } = await fixtureStack(t, [fixture("serves", { build })]);
  assert.deepEqual(await stack.start(), { failed: [] });
  assert.ok(events.some((event) => event.type === "note" && event.text === "nothing to build it with"));
});

test("if the clone is not writable, the message names the folder and the fix", async () => {
  const { write, build } = clone();
  write("node_modules/.cache", "a file, so that root cannot make a folder there either");
  await assert.rejects(build(), {
    name: "LabError",
    message:
      /^The console's web application cannot be built.* \S+node_modules\/\.cache cannot be written.*\n {2}fix: +start/,
  });
});
