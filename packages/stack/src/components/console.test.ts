import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { fixture, fixtureStack, temporaryFolder } from "../../test/helpers.ts";
import { buildConsole } from "./console.ts";

/** Replaces Vite. It fails if the sources request it, and counts its runs in the file `builds`. */
const VITE = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
appendFileSync("../../builds", "x");
if (readFileSync("web/main.tsx", "utf8") === "broken") { console.error("unexpected token"); process.exit(1); }
const target = process.argv[process.argv.indexOf("--outDir") + 1];
mkdirSync(target, { recursive: true });
console.log("transforming...");
writeFileSync(target + "/index.html", "<!doctype html>");
`;

/** Returns a clone with the console's real build script and little else. */
function clone({ lockFile = "package-lock.json" } = {}) {
  const root = temporaryFolder();
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("node_modules/vite/bin/vite.js", VITE);
  write("node_modules/vite/package.json", '{"type":"module"}');
  write("apps/console/web/main.tsx", "one");
  write("packages/contracts/src/limits.ts", "");
  write(lockFile, "{}");
  symlinkSync(join(REPOSITORY, "apps/console/build"), join(root, "apps/console/build"));
  const progress: string[] = [];
  return {
    write,
    progress,
    build: () => buildConsole({ root, cache: join(root, "cache"), progress: (text) => progress.push(text) }),
    builds: () => (existsSync(join(root, "builds")) ? readFileSync(join(root, "builds"), "utf8").length : 0),
  };
}

test("the console's own script builds it, reports its progress, and does nothing if its sources are the same", async () => {
  const { write, build, builds, progress } = clone();
  assert.equal(await build(), true);
  assert.ok(progress.includes("building the web application: transforming"), progress.join("\n"));
  assert.equal(await build(), false);
  write("apps/console/web/main.tsx", "two");
  assert.equal(await build(), true);
  assert.equal(builds(), 2);
});

test("two concurrent calls build once", async () => {
  const { build, builds } = clone();
  // The lock works between processes. Within one process, the second call finds that its own process holds it.
  assert.deepEqual((await Promise.all([build(), build()])).toSorted(), [false, true]);
  assert.equal(builds(), 1);
});

test("a build that fails is reported with its command and the end of its output", async () => {
  const { write, build } = clone();
  write("apps/console/web/main.tsx", "broken");
  await assert.rejects(build(), {
    name: "LabError",
    message: /could not be built.*\n {2}command: cd .*vite\.js build[\s\S]*\| unexpected token/,
  });
});

test("a script that ends without a message is reported with its output", async () => {
  const { build } = clone({ lockFile: "package-lock.json/a-folder" });
  await assert.rejects(build(), { name: "LabError", message: /could not be built\.[\s\S]*EISDIR/ });
});

test("a component starts and reports the failure if its web application cannot be built", async (t) => {
  const build = async () => {
    throw new Error("nothing to build it with");
  };
  const { stack, events } = await fixtureStack(t, [fixture("serves", { build })]);
  assert.deepEqual(await stack.start(), { failed: [] });
  assert.ok(events.some((event) => event.type === "note" && event.text === "nothing to build it with"));
});
