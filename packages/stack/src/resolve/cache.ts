import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { Binary } from "../components/types.ts";
import { platform } from "./platform.ts";
import type { Resolved } from "./resolve.ts";

/** Where a program of this version lives once it is here. */
export function cachePath(cache: string, name: string, version: string): string {
  const { os, arch } = platform();
  return join(cache, `${name}-${version}-${os}-${arch}`);
}

/** A program from an earlier download or build; the release's version first, as it would be asked for first. */
export async function cached(
  name: string,
  { release, module }: Binary,
  cache: string,
): Promise<Resolved | undefined> {
  const { os, arch } = platform();
  const member = release?.wholeArchive ? release.member(os, arch).replace(/^[^/]+\//, "") : "";
  for (const version of new Set([release?.version, module?.version])) {
    if (!version) continue;
    const path = join(cachePath(cache, name, version), member);
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return { path, version, source: "cache" };
  }
  return undefined;
}
