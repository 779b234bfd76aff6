import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { execa } from "execa";
import pLimit from "p-limit";
import { readEnvironment } from "../env.ts";
import { REPOSITORY } from "../repository.ts";
import { failureMessage, LabError } from "../terminal/failure.ts";
import { buildModule } from "./build.ts";
import { buildPath, cached, releasePath } from "./cache.ts";
import { fetchRelease, reasonOf, whyUnreachable } from "./fetch.ts";
import { lockedInCache } from "./lock.ts";
import { type Binary, platform, type Resolved, type ResolveOptions } from "./program.ts";

/**
 * Finds a component's program: a path that the user has set, the cache, the official release, or a build from Go
 * modules.
 * @returns undefined if an optional program cannot be obtained.
 * @throws LabError with the failed attempts and the fix.
 */
export async function resolveBinary(
  name: string,
  binary: Binary,
  options: ResolveOptions,
): Promise<Resolved | undefined> {
  return (
    (await explicitPath(name, binary, options.paths)) ??
    (await cached(name, binary, options)) ??
    (await obtain(name, binary, options))
  );
}

/** Only one lab at a time fetches or builds a program; the others wait, then find it in the cache. */
async function obtain(name: string, binary: Binary, options: ResolveOptions): Promise<Resolved | undefined> {
  if (binary.module) options.progress("looking for its release", { kind: "build", done: 0 });
  return await lockedInCache(name, options, async () => {
    const meanwhile = await cached(name, binary, options);
    if (meanwhile) return meanwhile;
    const { release, module } = binary;
    const { os, arch } = platform();
    let why = "there is no official release for this platform";
    if (release?.asset(os, arch)) {
      const unreachable = await whyUnreachable(release.url, options);
      if (unreachable) why = unreachable;
      else
        try {
          return await fetchRelease(release, releasePath(options.cache, name, release.version), options);
        } catch (error) {
          if (error instanceof LabError || !module) throw error;
          why = `its release cannot be downloaded (${reasonOf(error)})`;
        }
      options.progress(why);
    }
    options.signal.throwIfAborted();
    if (module) {
      const target = await buildPath(options.cache, name, module, options.root);
      return await buildModule(module, target, options).catch((error: unknown) => {
        if (!(error instanceof LabError)) throw error;
        throw new LabError(`${error.message}\n  release: ${why}`);
      });
    }
    if (binary.optional) return undefined;
    throw new LabError(
      failureMessage({
        what: `Cannot obtain ${name}: ${why}; and it cannot be built from Go modules.`,
        fix: `set ${binary.variable} to the path of the program`,
      }),
    );
  });
}

/**
 * Returns the program that the user has set, for example with TEMPO_BIN; undefined if the variable is not set.
 * @throws LabError if there is no program at that path.
 */
export async function explicitPath(
  name: string,
  binary: Binary,
  paths: Readonly<Record<string, string>>,
): Promise<Resolved | undefined> {
  const given = paths[binary.variable];
  if (!given) return undefined;
  const { os, arch } = platform();
  const member = binary.release?.wholeArchive ? binary.release.member(os, arch).replace(/^[^/]+\//, "") : "";
  const path = resolve(given, member);
  const usable = await access(path, constants.X_OK)
    .then(() => stat(path))
    .then(
      (stats) => stats.isFile(),
      () => false,
    );
  if (!usable)
    throw new LabError(`${binary.variable}=${given}, but ${path} is not an executable file (for ${name}).`);
  return { path, version: await versionOf(path), source: "path" };
}

/** Returns the version that the program itself prints. It is part of the name of the data folder. */
async function versionOf(path: string): Promise<string> {
  const { all } = await execa(path, ["--version"], {
    reject: false,
    all: true,
    timeout: 5000,
    stdin: "ignore",
  });
  return /version:?\s+v?(\d[\w.+-]*)/i.exec(all ?? "")?.[1] ?? "custom";
}

type ToolOptions = Partial<Pick<ResolveOptions, "progress" | "signal" | "slots">>;

/**
 * Returns the path of a program for use outside a running stack, found or built like any other; undefined if an
 * optional program cannot be obtained.
 * @throws LabError with the failed attempts and the fix.
 */
export async function findTool(
  name: string,
  binary: Binary,
  options: ToolOptions = {},
): Promise<string | undefined> {
  const { paths, cache, proxy } = readEnvironment();
  const found = await resolveBinary(name, binary, {
    paths,
    cache,
    proxy,
    root: REPOSITORY,
    slots: pLimit(1),
    signal: new AbortController().signal,
    progress: () => {},
    ...options,
  });
  return found?.path;
}

/**
 * Returns the path of a required program, such as promtool.
 * @throws LabError if it cannot be obtained.
 */
export async function resolveTool(name: string, binary: Binary, options: ToolOptions = {}): Promise<string> {
  const path = await findTool(name, binary, options);
  if (!path) throw new LabError(`Cannot obtain ${name}.`);
  return path;
}
