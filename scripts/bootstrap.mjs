// Runs a TypeScript entry with the pinned Node, on any machine with Node 18 or newer. Installs the npm packages first
// if needed: node scripts/bootstrap.mjs <entry.ts> [arguments]. Plain JavaScript without any package, because it runs
// before packages are installed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, homedir, tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { noProxyVariables } from "../packages/stack/src/no-proxy.mjs";
import { onParentEnd } from "./end-with-npm.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const MODULES = join(ROOT, "node_modules");
const NODE = join(MODULES, ".bin/node");
const END_WITH_NPM = new URL("end-with-npm.mjs", import.meta.url).href;
const PROGRESS_MS = 2000;
const POLL_MS = 500;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

// For npm, for the entry, and for all processes that they start.
Object.assign(process.env, noProxyVariables(process.env));

const [entry, ...args] = process.argv.slice(2);
if (!entry) fail("usage: node scripts/bootstrap.mjs <entry.ts> [arguments]");
const why = whatIsMissing();
if (why) await alone(async () => whatIsMissing() && (await install(why)));
run(resolve(ROOT, entry), args);

/**
 * Returns why packages must be installed; undefined if they need not be. Compares npm's record of the installed
 * packages with the lock file.
 */
function whatIsMissing() {
  if (!existsSync(MODULES)) return "they are not installed yet";
  try {
    const installed = readPackages(join(MODULES, ".package-lock.json"));
    const wanted = Object.entries(readPackages(join(ROOT, "package-lock.json")));
    const old = wanted.find(([at, { integrity, optional }]) => {
      // A folder of this repository, or a binary for another platform.
      if (!integrity || (optional && !installed[at])) return false;
      return installed[at]?.integrity !== integrity;
    });
    if (old) return `${old[0].split("node_modules/").pop()} differs from package-lock.json`;
    return existsSync(NODE) ? undefined : "the pinned Node is missing";
  } catch {
    return "the last installation was not completed";
  }
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

/** Runs `npm ci` and reports every two seconds that it is still running. Shows its output only if it fails. */
async function install(why) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const tty = process.stderr.isTTY;
  console.error(
    `Installing the npm packages (npm ci): ${why}. This needs the network and takes about half a minute.`,
  );
  const npm = spawn("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=warn"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "development" }, // the pinned Node is a development dependency
  });
  const output = [];
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk) => output.push(chunk));
  const progress = setInterval(() => {
    process.stderr.write(tty ? `\r  npm ci, ${seconds()} s` : `  npm ci, ${seconds()} s\n`);
  }, PROGRESS_MS);
  const stop = (signal) => npm.kill(signal);
  for (const signal of SIGNALS) process.once(signal, stop);
  const problem = await new Promise((resolve) => {
    npm.once("error", (error) => resolve(`npm cannot be run: ${error.message}`));
    npm.once("close", (code, signal) =>
      resolve(code === 0 ? undefined : `npm ci failed (${signal ?? `exit code ${code}`})`),
    );
  });
  clearInterval(progress);
  for (const signal of SIGNALS) process.off(signal, stop);
  if (tty) process.stderr.write("\r");
  if (problem) fail(installFailure(problem, Buffer.concat(output).toString()));
  console.error(`  installed in ${seconds()} s`);
}

function installFailure(problem, output) {
  // Only npm's errors are useful, and the first ones contain the cause; the warnings are about the version of Node.
  const lines = output.split("\n").filter((line) => /^npm error ./.test(line));
  const unreachable =
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(output);
  return [
    `${problem}.`,
    `  command: cd "${ROOT}" && npm ci`,
    ...lines.slice(0, 15).map((line) => `  | ${line}`),
    ...(unreachable
      ? [
          "  fix:     the npm registry cannot be reached: check the network, the proxy, `npm config get registry`",
        ]
      : []),
  ].join("\n");
}

/** Allows one installation in a clone at a time; a lock whose owner has ended does not count. */
async function alone(work) {
  const lock = join(
    tmpdir(),
    `lgtm-lab-install-${createHash("sha256").update(ROOT).digest("hex").slice(0, 16)}.lock`,
  );
  let reported = false;
  while (!take(lock)) {
    const owner = Number(readOr(lock, ""));
    if (owner && isAlive(owner)) {
      if (!reported) console.error(`Waiting for process ${owner}, which is installing the npm packages.`);
      reported = true;
      await delay(POLL_MS);
    } else rmSync(lock, { force: true });
  }
  const release = () => rmSync(lock, { force: true });
  process.once("exit", release);
  await work();
  process.off("exit", release);
  release();
}

/** Links a complete file into place, so that a lock that is read always contains its owner. */
function take(lock) {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

/**
 * Runs the entry with the pinned Node. Replaces this process by it where this Node can do that (22.15 and newer, not on
 * Windows), because a waiting parent uses 16 MB as long as the entry runs. Otherwise starts a child.
 */
function run(file, args) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const env = {
    NODE_COMPILE_CACHE: join(cache, "lgtm-lab/node"),
    // These reduce the memory of the launcher: see NODE_MALLOC in packages/stack/src/components/component.ts.
    MALLOC_ARENA_MAX: "2",
    MALLOC_MMAP_THRESHOLD_: "32768",
    ...process.env,
    PATH: [join(MODULES, ".bin"), process.env.PATH].join(delimiter),
  };
  if (process.execve && process.platform !== "win32") {
    const preload = startedByNpm() ? ["--import", `${END_WITH_NPM}?npm=${process.ppid}`] : [];
    process.execve(NODE, [NODE, ...preload, file, ...args], env);
  } else runChild([file, ...args], env);
}

/**
 * Runs the entry as a child, and ends with its exit code or signal. A terminal's Ctrl-C reaches the child directly;
 * other signals are passed on. The child has an IPC channel: if this process is killed, the channel closes, and the
 * child stops.
 */
function runChild(args, env) {
  // Before the start, because a signal may arrive as soon as the child runs. The handlers run after this function.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const child = spawn(NODE, args, { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  if (startedByNpm()) onParentEnd(process.ppid, () => child.kill("SIGTERM"));
  child.once("error", (error) => fail(`${NODE} cannot be run: ${error.message}`));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function startedByNpm() {
  return process.env.npm_lifecycle_event !== undefined;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
