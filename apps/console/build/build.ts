import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { ExecaError, execa } from "execa";
import { BUILT_FROM, consoleFolder, hashOfSources } from "./sources.ts";

/** Smaller files fit in one packet even without compression. */
const MIN_COMPRESSED_BYTES = 1024;
const COMPRESSIBLE = /\.(js|css|html|svg|json|txt)$/;
/** The maximum quality (11) takes ten times as long and saves only 3 % more. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const TAIL_LINES = 15;

/** Reports the current step of the build. `done` is the completed share (0 to 1), if it has changed. */
export type BuildProgress = (text: string, done?: number) => void;

/** Describes why a build failed. The launcher formats it like its other errors. */
export interface BuildFailure {
  readonly what: string;
  readonly command?: { readonly cwd: string; readonly file: string; readonly args: readonly string[] };
  /** The last lines of Vite's output. */
  readonly tail?: readonly string[];
  readonly fix?: string;
}

/** Thrown when a build fails. `failure` is written for users. */
export class BuildError extends Error {
  override readonly name = "BuildError";
  readonly failure: BuildFailure;
  constructor(failure: BuildFailure) {
    super(failure.what);
    this.failure = failure;
  }
}

/**
 * Builds the console's web application into `apps/console/dist` of a clone. Builds in a temporary folder and then
 * renames it, so that a running console serves the previous build until the new one is complete.
 * @throws BuildError if the build fails. The previous build is kept.
 */
export async function buildWebApplication(root: string, progress: BuildProgress): Promise<void> {
  const dist = join(consoleFolder(root), "dist");
  const sources = hashOfSources(root);
  const beside = join(root, "node_modules/.cache", `lgtm-lab-console-${process.pid}`);
  const [fresh, previous] = [join(beside, "fresh"), join(beside, "previous")];
  await mkdir(beside, { recursive: true }).catch((error: Error) => {
    throw new BuildError({
      what: `The console's web application cannot be built, because ${dirname(beside)} cannot be written: ${error.message}. The console serves its plain pages instead.`,
      fix: "start the lab once while the clone is writable",
    });
  });
  try {
    progress("building the web application", 0.1);
    await runVite(root, fresh, progress);
    progress("compressing the web application", 0.8);
    await compressFiles(fresh);
    await writeFile(join(fresh, BUILT_FROM), sources);
    await mkdir(dirname(dist), { recursive: true });
    if (existsSync(dist)) await rename(dist, previous);
    await rename(fresh, dist);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function runVite(root: string, target: string, progress: BuildProgress): Promise<void> {
  const args = [join(root, "node_modules/vite/bin/vite.js"), "build", "--outDir", target, "--emptyOutDir"];
  const cwd = consoleFolder(root);
  try {
    const child = execa(process.execPath, args, {
      cwd,
      env: { NODE_ENV: "production", NO_COLOR: "1" },
      stdin: "ignore",
      all: true,
      lines: true,
    });
    for await (const line of child.iterable({ from: "all" })) {
      const step = viteStepOf(line);
      if (step) progress(`building the web application: ${step}`);
    }
    await child;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    throw new BuildError({
      what: "The console's web application could not be built. The console serves its previous build or its plain pages.",
      command: { cwd, file: process.execPath, args },
      tail: [error.all ?? []].flat().map(String).slice(-TAIL_LINES),
    });
  }
}

/** Extracts Vite's current step from a line of its output. Returns undefined for other lines. */
const viteStepOf = (line: string): string | undefined =>
  /(transforming|modules transformed|rendering chunks|computing gzip size|built in [\d.]+ ?m?s)/.exec(
    line,
  )?.[0];

const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)];

/** Writes `<file>.br` and `<file>.gz` next to each file of a folder, if compression makes it smaller. */
async function compressFiles(folder: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => COMPRESSIBLE.test(name));
  await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      if ((await stat(file)).size < MIN_COMPRESSED_BYTES) return;
      const content = await readFile(file);
      const smaller = await Promise.all([brotli(content, BROTLI), zip(content, { level: 9 })]);
      await Promise.all([".br", ".gz"].map((end, index) => writeFile(file + end, smaller[index] ?? content)));
    }),
  );
}
