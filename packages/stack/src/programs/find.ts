import { createHash } from "node:crypto";
import { access, constants, readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import pLimit from "p-limit";
import { readEnvironment } from "../env.ts";
import { failureMessage, LabError } from "../terminal/messages.ts";
import { fetchRelease, reasonOf, whyUnreachable } from "./fetch.ts";
import { lockedInCache } from "./processes.ts";
import { type Binary, type GoModule, platform, type Resolved, type ResolveOptions } from "./program.ts";

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

/**
 * Returns the program that the user has set, for example with TEMPO_BIN; undefined if the variable is not set.
 * @throws LabError if there is no program at that path.
 */
async function explicitPath(
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
  const { execa } = await import("execa");
  const { all } = await execa(path, ["--version"], {
    reject: false,
    all: true,
    timeout: 5000,
    stdin: "ignore",
  });
  return /version:?\s+v?(\d[\w.+-]*)/i.exec(all ?? "")?.[1] ?? "custom";
}

/** Returns the path for the official release of this version. */
export function releasePath(cache: string, name: string, version: string): string {
  return join(cache, fileName(name, version, "release"));
}

/**
 * Returns the path for the program built from `tools/go/<folder>`. The name contains a digest of its modules, because
 * other modules of the same version make another program.
 */
export async function buildPath(
  cache: string,
  name: string,
  module: GoModule,
  root: string,
): Promise<string> {
  const folder = join(root, "tools/go", module.folder);
  const files = await readdir(folder).catch(() => []);
  const sources = files.filter((file) => /^go\.(mod|sum)$|\.go$/.test(file)).sort();
  const digest = createHash("sha256").update(JSON.stringify(module));
  for (const file of sources) digest.update(`\0${file}\0`).update(await readFile(join(folder, file)));
  return join(cache, fileName(name, module.version, digest.digest("hex").slice(0, 12)));
}

function fileName(name: string, version: string, variant: string): string {
  const { os, arch } = platform();
  return `${name}-${version}-${variant}-${os}-${arch}`;
}

/** Finds a program from an earlier download or build. A release has priority, as in {@link obtain}. */
async function cached(
  name: string,
  { release, module }: Binary,
  { cache, root }: { readonly cache: string; readonly root: string },
): Promise<Resolved | undefined> {
  const places: { path: string; version: string }[] = [];
  if (release) {
    const { os, arch } = platform();
    const member = release.wholeArchive ? release.member(os, arch).replace(/^[^/]+\//, "") : "";
    places.push({ path: join(releasePath(cache, name, release.version), member), version: release.version });
  }
  if (module) places.push({ path: await buildPath(cache, name, module, root), version: module.version });
  for (const { path, version } of places) {
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return { path, version, source: "cache" };
  }
  return undefined;
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
      const { buildModule } = await import("./build.ts");
      const target = await buildPath(options.cache, name, module, options.root);
      return await buildModule(module, target, options).catch((error: unknown) => {
        if (!(error instanceof LabError)) throw error;
        throw new LabError(`${error.message}\n  release: ${why}`);
      });
    }
    if (binary.optional) return undefined;
    throw new LabError(
      failureMessage({
        what: `Cannot obtain ${name}: ${why}, and it cannot be built from Go modules.`,
        fix: `set ${binary.variable} to the path of the program`,
      }),
    );
  });
}

type ToolOptions = Partial<Pick<ResolveOptions, "progress" | "signal" | "buildSlots">>;

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
    buildSlots: pLimit(1),
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
