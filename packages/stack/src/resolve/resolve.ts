import type { Binary } from "../components/types.ts";
import type { ProxySettings } from "../env.ts";
import type { Progress } from "../report/events.ts";
import { failureMessage, LabError } from "../report/failure.ts";
import { buildModule } from "./build.ts";
import { buildPath, cached, releasePath } from "./cache.ts";
import { explicitPath } from "./explicit.ts";
import { lockedInCache } from "./one-at-a-time.ts";
import { platform } from "./platform.ts";
import { fetchRelease, reasonOf, whyUnreachable } from "./release.ts";
import type { Slots } from "./slots.ts";

export type Source = "path" | "cache" | "release" | "built" | "repository";

export interface Resolved {
  readonly path: string;
  readonly version: string;
  readonly source: Source;
}

export interface ResolveOptions {
  /** Variables such as TEMPO_BIN that were set. */
  readonly paths: Readonly<Record<string, string>>;
  readonly cache: string;
  /** By which proxy a release is downloaded; without it, directly. */
  readonly proxy?: ProxySettings;
  /** The clone, which holds `tools/go`. */
  readonly root: string;
  readonly signal: AbortSignal;
  /** Bounds how many `go build` run at once. */
  readonly slots: Slots;
  readonly progress: Progress;
  /** Told of a long-running helper process, so that it can be stopped should the lab be killed. */
  readonly helper?: (pid: number | undefined) => void;
}

/**
 * Finds a component's program: a path given by hand, the cache, the official release, or a build from Go modules.
 * @returns undefined if an optional program cannot be obtained.
 * @throws LabError that says what was tried and what to do.
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
