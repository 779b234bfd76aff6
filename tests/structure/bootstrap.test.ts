import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { readEnvironment } from "../../packages/stack/src/env.ts";
import { identify, isRunning } from "../../packages/stack/src/programs/processes.ts";
import { temporaryFolder } from "../../packages/stack/test/helpers.ts";

const LOCK = { packages: { "": {}, "node_modules/left": { version: "1.0.0", integrity: "sha512-a" } } };

/** A fake npm, whose result the bootstrap accepts as an installation. Each run adds a line to the file `runs`. */
const FAKE_NPM = `#!/bin/sh
echo "npm warn EBADENGINE Unsupported engine" >&2
echo run >> runs
sleep 0.5
mkdir -p node_modules/.bin && cp package-lock.json node_modules/.package-lock.json
ln -sf "${process.execPath}" node_modules/.bin/node
`;
const UNREACHABLE_NPM = `#!/bin/sh
echo "npm warn EBADENGINE Unsupported engine" >&2
echo "npm error code ENOTFOUND" >&2
echo "npm error network request to https://registry.example/left failed" >&2
exit 1
`;

const BOOTSTRAP = "scripts/bootstrap.mjs";

/** Node options for the two ways to run the entry: the bootstrap replaces its own process (execve), or starts a child. */
const NODE_VARIANTS = {
  "a Node with execve": [],
  "a Node without execve": ["--import", "data:text/javascript,delete process.execve"],
} as const;

/** Creates a clone with only the bootstrap, a lock file, an entry program and the given npm. */
function clone(entry: string, npm = FAKE_NPM, options: readonly string[] = []) {
  const root = temporaryFolder();
  mkdirSync(join(root, "bin"));
  for (const file of [BOOTSTRAP, "scripts/end-with-npm.mjs", "packages/stack/src/no-proxy.mjs"])
    cpSync(join(REPOSITORY, file), join(root, file));
  writeFileSync(join(root, "package-lock.json"), JSON.stringify(LOCK));
  writeFileSync(join(root, "entry.mjs"), entry);
  writeFileSync(join(root, "bin/npm"), npm, { mode: 0o755 });
  const command = [process.execPath, ...options, join(root, BOOTSTRAP), "entry.mjs"] as const;
  const runWith = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    execa(command[0], [...command.slice(1), ...args], {
      cwd: root,
      env: { PATH: `${join(root, "bin")}:${readEnvironment().basic.PATH}`, ...env },
      reject: false,
    });
  return {
    root,
    command,
    run: (...args: string[]) => runWith({}, ...args),
    runWith,
    fakeInstallation: () => fakeInstallationIn(root),
  };
}

function fakeInstallationIn(root: string) {
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  cpSync(join(root, "package-lock.json"), join(root, "node_modules/.package-lock.json"));
  symlinkSync(process.execPath, join(root, "node_modules/.bin/node"));
}

const runs = (root: string) =>
  existsSync(join(root, "runs")) ? readFileSync(join(root, "runs"), "utf8") : "";

test("missing packages are installed with a message; the entry gets its arguments, and its exit code is returned", async () => {
  const { root, run } = clone("console.log(process.argv.slice(2).join()); process.exitCode = 7;");
  const first = await run("a", "b");
  assert.equal(first.exitCode, 7);
  assert.equal(first.stdout, "a,b");
  assert.match(first.stderr, /Installing the npm packages \(npm ci\): they are not installed yet/);
  assert.doesNotMatch(first.stderr, /EBADENGINE/);
  const second = await run();
  assert.equal(second.stderr, "", "the second run installs nothing");
  assert.equal(runs(root), "run\n");
});

test("packages that differ from the lock file are installed again", async () => {
  const { root, run, fakeInstallation } = clone("");
  fakeInstallation();
  assert.equal((await run()).stderr, "");
  writeFileSync(join(root, "package-lock.json"), JSON.stringify(LOCK).replace("sha512-a", "sha512-b"));
  assert.match((await run()).stderr, /left differs from package-lock\.json/);
});

test("two concurrent runs in one clone install once", async () => {
  const { root, run } = clone("console.log('ran')");
  const both = await Promise.all([run(), run()]);
  assert.deepEqual(
    both.map(({ stdout }) => stdout),
    ["ran", "ran"],
  );
  assert.equal(runs(root), "run\n");
});

test("an unreachable registry is reported with npm's error, without npm's warnings", async () => {
  const { run } = clone("", UNREACHABLE_NPM);
  const { exitCode, stderr } = await run();
  assert.equal(exitCode, 1);
  assert.match(stderr, /npm ci failed \(exit code 1\)\.\n {2}command: cd ".+" && npm ci\n/);
  assert.match(stderr, /ENOTFOUND.*fix: +the npm registry cannot be reached/s);
  assert.doesNotMatch(stderr, /EBADENGINE/);
});

test("npm and the entry get the user's proxy, and a no_proxy that includes loopback", async () => {
  const npm = FAKE_NPM.replace("echo run", 'echo "$http_proxy $no_proxy"');
  const { root, runWith } = clone("console.log(process.env.http_proxy, process.env.NO_PROXY)", npm);
  const proxy = "http://proxy.example:3128";
  const { stdout } = await runWith({ http_proxy: proxy, no_proxy: "example.com", NO_PROXY: "" });
  const expected = `${proxy} example.com,localhost,127.0.0.1,127.0.0.0/8,::1,[::1]`;
  assert.equal(stdout, expected);
  assert.equal(runs(root), `${expected}\n`);
});

const UNTIL_SIGNAL = `
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => { console.log(name); process.exit(3); });
  process.on("disconnect", () => process.exit(4));
  setInterval(() => {}, 1000);
  console.log(process.pid);
`;

for (const [node, options] of Object.entries(NODE_VARIANTS)) {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    test(`${node}: the entry receives ${signal}, and its exit code is returned`, async () => {
      const { run, fakeInstallation } = clone(UNTIL_SIGNAL, FAKE_NPM, options);
      fakeInstallation();
      const child = run();
      await once(child.stdout, "data");
      child.kill(signal);
      const { exitCode, stdout, stderr } = await child;
      assert.equal(exitCode, 3);
      assert.match(stdout, new RegExp(`^\\d+\n${signal}$`));
      assert.equal(stderr, "", "no warning about an experimental function");
    });
  }

  test(`${node}: the entry ends when the bootstrap is killed`, async () => {
    const { run, fakeInstallation } = clone(UNTIL_SIGNAL, FAKE_NPM, options);
    fakeInstallation();
    const child = run();
    const [line] = await once(child.stdout, "data");
    const entry = identify(Number(String(line)));
    assert.ok(isRunning(entry));
    child.kill("SIGKILL");
    await pWaitFor(() => !isRunning(entry), { timeout: 5000 });
  });

  test(`${node}: the entry receives SIGTERM when npm is killed`, async () => {
    const { root, command, fakeInstallation } = clone(UNTIL_SIGNAL, FAKE_NPM, options);
    fakeInstallation();
    // "wait" keeps the shell, which stands in for npm, as the parent.
    const npm = execa("sh", ["-c", '"$@" & wait', "sh", ...command], {
      cwd: root,
      env: { npm_lifecycle_event: "start" },
      reject: false,
    });
    await once(npm.stdout, "data");
    npm.kill("SIGKILL");
    const { stdout } = await npm; // ends when the entry closes the output
    assert.match(stdout, /^\d+\nSIGTERM$/);
  });
}

test("the bootstrap does not remain as a parent where Node can replace a process", async () => {
  const { run, fakeInstallation } = clone("console.log(process.pid)");
  fakeInstallation();
  const child = run();
  const { stdout } = await child;
  assert.equal(Number(stdout), child.pid);
});
