import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { canRun, output } from "../runner/commands.ts";
import { setEnvironment } from "../runner/env.ts";
import { printProgress, withProgress } from "../runner/phases.ts";
import { CACHE } from "./env.ts";

const START_MS = 30_000;

/**
 * Uses the running Docker engine, or starts one with a separate socket and data folder. Installs Debian's package if
 * no engine is installed. The returned function stops an engine that was started here, unless `keep` is set.
 */
export async function startEngine({ keep }: { keep: boolean }): Promise<() => Promise<void>> {
  if (await canRun("docker", "version")) {
    printProgress("a Docker engine is running here");
    return async () => {};
  }
  if (!(await canRun("dockerd", "--version"))) {
    await install("docker.io", DOCKER_WITH_COMPOSE);
    if (await canRun("docker", "version")) return async () => {}; // the package has started an engine
  }
  const folder = await mkdtemp(join(tmpdir(), "lgtm-lab-engine-"));
  const data = join(CACHE, "engine");
  await mkdir(data, { recursive: true });
  const host = `unix://${folder}/docker.sock`;
  const log = join(folder, "log");
  // The pid file is in the data folder, so that a second engine with the same data does not start.
  const files = ["--data-root", data, "--exec-root", join(folder, "exec"), "--pidfile", join(data, "pid")];
  const engine = execa("dockerd", ["--host", host, ...files], {
    stdin: "ignore",
    stdout: { file: log },
    stderr: { file: log },
    reject: false,
    cleanup: !keep,
    detached: keep,
  });
  setEnvironment({ DOCKER_HOST: host });
  const engineResponds = pWaitFor(() => canRun("docker", "version"), { timeout: START_MS, interval: 200 });
  try {
    await Promise.race([engineResponds, engine.then(() => Promise.reject(new Error("dockerd exited")))]);
  } catch (cause) {
    engine.kill();
    throw new Error(`dockerd did not start; last lines of its log:\n${await lastLines(log)}`, { cause });
  }
  printProgress(
    `started a Docker engine, pid ${engine.pid}${keep ? `: DOCKER_HOST=${host}` : ", for this run only"}`,
  );
  return async () => {
    engine.kill("SIGTERM");
    await engine;
    await rm(folder, { recursive: true, force: true });
    printProgress("stopped the Docker engine");
  };
}

/** The fix if Docker or Compose is missing and cannot be installed. */
export const DOCKER_WITH_COMPOSE = "install Docker with Compose (https://docs.docker.com/engine/install)";

/** Installs a Debian package. Throws if this is not possible, with the fix. */
export async function install(name: string, fix: string): Promise<void> {
  if (process.getuid?.() !== 0 || !(await canRun("apt-get", "--version")))
    throw new Error(`Needs ${name}: ${fix}, or run this as root on Debian.`);
  setEnvironment({ DEBIAN_FRONTEND: "noninteractive" });
  await withProgress(`installing ${name} with apt-get`, async () => {
    await output("apt-get", ["update", "-q"]);
    await output("apt-get", ["install", "-y", "-q", "--no-install-recommends", name]);
  });
}

const lastLines = async (file: string) => (await readFile(file, "utf8")).split("\n").slice(-15).join("\n");
