import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import pLimit from "p-limit";
import { goIsHere, temporaryFolder } from "../../test/helpers.ts";
import { PROGRAM, releaseAt, releaseServer } from "../../test/release-server.ts";
import { readEnvironment } from "../env.ts";
import { buildPath, releasePath, resolveBinary } from "./find.ts";
import { binary, type GoModule, type ResolveOptions } from "./program.ts";

const MODULE: GoModule = { version: "1.0.0", folder: "tool", package: ".", ldflags: "-s -w" };
const NOWHERE = "http://127.0.0.1:9/v1.2.3";

/** Options for a separate clone and cache for this test. The clone contains a Go module of one file. */
function options(more: Partial<ResolveOptions> = {}) {
  const root = temporaryFolder();
  const folder = join(root, "tools/go/tool");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "go.mod"), "module example.com/tool\n\ngo 1.21\n");
  writeFileSync(join(folder, "main.go"), 'package main\n\nfunc main() { println("built") }\n');
  const progress: string[] = [];
  const given: ResolveOptions = {
    root,
    cache: join(root, "cache"),
    paths: {},
    buildSlots: pLimit(2),
    signal: new AbortController().signal,
    progress: (text) => progress.push(text),
    ...more,
  };
  return { ...given, reported: progress };
}

function program(file: string): string {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, PROGRAM);
  chmodSync(file, 0o755);
  return file;
}

test("a path that the user has set comes first, with the version that the program prints", async (t) => {
  const { release, asked } = await releaseServer(t, "tar.gz");
  const given = options();
  const path = program(join(given.root, "mine"));
  program(releasePath(given.cache, "tool", "1.2.3"));
  const found = await resolveBinary("tool", binary("TOOL_BIN", { release }), {
    ...given,
    paths: { TOOL_BIN: path },
  });
  assert.deepEqual(found, { path, version: "1.2.3", source: "path" });
  assert.deepEqual(asked, []);
});

test("a path that the user has set without a program is an error and is not skipped", async () => {
  const given = options();
  const plain = join(given.root, "plain.txt");
  writeFileSync(plain, "not a program");
  for (const path of [join(given.root, "nothing"), plain, given.root]) {
    const resolving = resolveBinary("tool", binary("TOOL_BIN", { module: MODULE }), {
      ...given,
      paths: { TOOL_BIN: path },
    });
    await assert.rejects(resolving, {
      name: "LabError",
      message: /^TOOL_BIN=\S+, but \S+ is not an executable file/,
    });
  }
});

test("then the cache, without network access", async (t) => {
  const { release, asked } = await releaseServer(t, "tar.gz");
  const given = options();
  const path = program(releasePath(given.cache, "tool", "1.2.3"));
  const found = await resolveBinary("tool", binary("TOOL_BIN", { release }), given);
  assert.deepEqual(found, { path, version: "1.2.3", source: "cache" });
  assert.deepEqual(asked, []);
});

for (const kind of ["tar.gz", "zip", "bare"] as const) {
  test(`then the release (${kind}): checked, unpacked, executable, and nothing else left in the cache`, async (t) => {
    const { release } = await releaseServer(t, kind);
    const given = options();
    const found = await resolveBinary("tool", binary("TOOL_BIN", { release, module: MODULE }), given);
    assert.deepEqual(found, {
      path: releasePath(given.cache, "tool", "1.2.3"),
      version: "1.2.3",
      source: "release",
    });
    assert.match(execFileSync(found?.path ?? "", { encoding: "utf8" }), /version 1\.2\.3/);
    assert.deepEqual(readdirSync(given.cache).length, 1);
    assert.ok(
      given.reported.some((text) => /^downloading 100 %/.test(text)),
      given.reported.join(),
    );
  });
}

test("a whole release is kept together where the program needs its other files", async (t) => {
  const { release } = await releaseServer(t, "tar.gz");
  const given = options();
  const fullRelease = binary("TOOL_HOME", { release: { ...release, wholeArchive: true } });
  const found = await resolveBinary("tool", fullRelease, given);
  assert.equal(found?.path, join(releasePath(given.cache, "tool", "1.2.3"), "tool"));
  assert.ok(existsSync(join(found?.path ?? "", "../LICENSE")));
  assert.equal((await resolveBinary("tool", fullRelease, given))?.source, "cache");
  const home = join(found?.path ?? "", "..");
  const byHand = await resolveBinary("tool", fullRelease, { ...given, paths: { TOOL_HOME: home } });
  assert.deepEqual(byHand, { path: found?.path, version: "1.2.3", source: "path" });
});

test("an archive with another checksum is rejected, and leaves nothing in the cache", async (t) => {
  const { release } = await releaseServer(t, "tar.gz", { checksum: "0".repeat(64) });
  const given = options();
  const resolving = resolveBinary("tool", binary("TOOL_BIN", { release, module: MODULE }), given);
  await assert.rejects(resolving, {
    name: "LabError",
    message: /does not match its checksum: SHA-256 [0-9a-f]{64}, expected 0{64}/,
  });
  assert.deepEqual(readdirSync(given.cache), []);
});

test("a release that cannot be reached is skipped at once", async () => {
  const given = options();
  const optional = binary("TOOL_BIN", { release: releaseAt(NOWHERE), optional: "something else" });
  const began = performance.now();
  assert.equal(await resolveBinary("tool", optional, given), undefined);
  const took = performance.now() - began;
  assert.ok(took < 2500, `${took.toFixed(0)} ms, at most 2500`);
  const needed = resolveBinary("tool", binary("TOOL_BIN", { release: releaseAt(NOWHERE) }), given);
  await assert.rejects(needed, /Cannot obtain tool: 127\.0\.0\.1:9 cannot be reached/);
});

test("last, a build from Go modules, with its progress", { skip: !goIsHere }, async () => {
  const given = options();
  const found = await resolveBinary(
    "tool",
    binary("TOOL_BIN", { release: releaseAt(NOWHERE), module: MODULE }),
    given,
  );
  assert.deepEqual(found, {
    path: await buildPath(given.cache, "tool", MODULE, given.root),
    version: "1.0.0",
    source: "built",
  });
  assert.ok(
    given.reported.some((text) => /^compiling 0\/\d+ Go packages$/.test(text)),
    given.reported.join(),
  );
  execFileSync(found?.path ?? "", { stdio: "pipe" });
});

/** Obtains `tool` in a separate process whose PATH has `nice` and perhaps `go`. Returns its path or the error. */
async function obtainWith(go?: string): Promise<string> {
  const { root } = options();
  const folder = temporaryFolder();
  const { PATH = "" } = readEnvironment().basic;
  const nice = PATH.split(":")
    .map((each) => join(each, "nice"))
    .find((file) => existsSync(file));
  symlinkSync(nice ?? "", join(folder, "nice"));
  if (go) writeFileSync(join(folder, "go"), go, { mode: 0o755 });
  const { stdout } = await execa(
    process.execPath,
    [join(import.meta.dirname, "../../test/fixtures/downloads.ts"), NOWHERE, root],
    { env: { PATH: folder, HOME: root, XDG_CACHE_HOME: join(root, "cache") }, extendEnv: false },
  );
  return stdout;
}

test("a build has a lower priority than running components", async () => {
  const list = '#!/bin/sh\nif [ "$1" = list ]; then echo a; exit; fi\n';
  const path = await obtainWith(`${list}while [ "$1" != -o ]; do shift; done\nnice > "$2"\n`);
  assert.equal(readFileSync(path, "utf8").trim(), `${Math.min(getPriority() + 10, 19)}`);
});

test("without Go the message contains the cause and the fix", async () => {
  const message = await obtainWith();
  assert.match(message, /Go is needed to build it, and there is no `go` on the PATH\./);
  assert.match(message, /fix: +install Go/);
});

test("two labs that need the same program build it once", { skip: !goIsHere }, async () => {
  const given = options();
  const tool = binary("TOOL_BIN", { module: MODULE });
  const both = await Promise.all([resolveBinary("tool", tool, given), resolveBinary("tool", tool, given)]);
  assert.deepEqual(both.map((found) => found?.source).toSorted(), ["built", "cache"]);
});

test("another set of modules of the same version is another program", { skip: !goIsHere }, async () => {
  const given = options();
  const tool = binary("TOOL_BIN", { release: releaseAt(NOWHERE), module: { ...MODULE, version: "1.2.3" } });
  const first = await resolveBinary("tool", tool, given);
  writeFileSync(join(given.root, "tools/go/tool/more.go"), "package main\n");
  const second = await resolveBinary("tool", tool, given);
  assert.deepEqual([first?.source, second?.source], ["built", "built"]);
  assert.notEqual(first?.path, second?.path);
  assert.equal((await resolveBinary("tool", tool, given))?.source, "cache");
});

test("the error for a build that fails has the compiler's output", { skip: !goIsHere }, async () => {
  const given = options();
  writeFileSync(join(given.root, "tools/go/tool/main.go"), "package main\n\nfunc main() { nonsense() }\n");
  const resolving = resolveBinary("tool", binary("TOOL_BIN", { module: MODULE }), given);
  await assert.rejects(
    resolving,
    /^LabError: go build failed\.\n {2}command: cd \S+ && go build.*undefined: nonsense/s,
  );
  assert.deepEqual(readdirSync(given.cache), []);
});

test("a build and its compilers are stopped with the lab", { skip: !goIsHere }, async () => {
  const stop = new AbortController();
  const given = options({
    signal: stop.signal,
    onHelperProcess: (pid) => pid && stop.abort(new Error("stopped")),
  });
  await assert.rejects(resolveBinary("tool", binary("TOOL_BIN", { module: MODULE }), given), /stopped/);
});

test("each program of the table is pinned by an existing folder", async () => {
  const { COMPONENTS } = await import("../components/index.ts");
  const { composeProgram, k6Program } = await import("../components/tools.ts");
  const others = [
    { name: "compose", program: composeProgram },
    { name: "k6", program: k6Program },
  ];
  for (const { name, program } of [...COMPONENTS, ...others]) {
    if (program.kind !== "binary" || !program.module) continue;
    const file = join(import.meta.dirname, "../../../../tools/go", program.module.folder, "go.mod");
    assert.ok(existsSync(file), name);
  }
});
