import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readEnvironment } from "../env.ts";
import { lockedInCache } from "../programs/lock.ts";
import { REPOSITORY } from "../repository.ts";
import type { Progress } from "../terminal/events.ts";
import { failureMessage, LabError, messageOf } from "../terminal/failure.ts";
import { compressFiles } from "./compress.ts";
import { consoleFolder, hashOfSources } from "./sources.ts";
import { runVite } from "./vite.ts";

export interface WebBuild {
  /** The clone. */
  readonly root: string;
  readonly cache: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Told of the process that builds, so that it can be stopped should the lab be killed. */
  readonly helper?: (pid: number | undefined) => void;
}

/** Holds the hash of the sources that `dist/` was built from. */
const BUILT_FROM = ".built-from";

/**
 * Builds the console's web application into `apps/console/dist`, unless what is there was built from the same sources. Only
 * one lab builds at a time in a clone, and a console that serves the former build goes on to the new one at once.
 * @returns whether there was anything to build.
 * @throws LabError with the end of the output when the build fails; what was there before stays.
 */
export async function buildConsole(options: Partial<WebBuild> = {}): Promise<boolean> {
  const build: WebBuild = {
    root: REPOSITORY,
    cache: options.cache ?? readEnvironment().cache,
    signal: new AbortController().signal,
    progress: () => {},
    ...options,
  };
  const dist = join(consoleFolder(build.root), "dist");
  if (isOf(dist, hashOfSources(build.root))) return false;
  const lock = `console-${createHash("sha256").update(build.root).digest("hex").slice(0, 16)}`;
  return await lockedInCache(lock, build, async () => {
    const sources = hashOfSources(build.root);
    if (isOf(dist, sources)) return false;
    await buildInto(dist, sources, build);
    return true;
  });
}

/** Everything is made beside it first: nobody ever sees half a build. */
async function buildInto(dist: string, sources: string, build: WebBuild): Promise<void> {
  const beside = join(build.root, "node_modules/.cache", `lgtm-lab-console-${process.pid}`);
  const [fresh, former] = [join(beside, "fresh"), join(beside, "former")];
  await mkdir(beside, { recursive: true }).catch((error: unknown) => {
    throw new LabError(
      failureMessage({
        what: `The console's web application cannot be built, because ${dirname(beside)} cannot be written: ${messageOf(error)}. The console serves its plain pages instead.`,
        fix: "start the lab once while the clone is writable",
      }),
    );
  });
  try {
    build.progress("building the web application", { kind: "build", done: 0.1 });
    await runVite(fresh, build);
    build.progress("compressing the web application", { kind: "build", done: 0.8 });
    await compressFiles(fresh);
    await writeFile(join(fresh, BUILT_FROM), sources);
    await mkdir(dirname(dist), { recursive: true });
    if (existsSync(dist)) await rename(dist, former);
    await rename(fresh, dist);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

function isOf(dist: string, sources: string): boolean {
  try {
    return readFileSync(join(dist, BUILT_FROM), "utf8") === sources && existsSync(join(dist, "index.html"));
  } catch {
    return false;
  }
}
