import { createHash } from "node:crypto";
import { access, constants, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Binary, type GoModule, platform, type Resolved } from "./program.ts";

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

/** Finds a program from an earlier download or build. A release has priority, as it has when a program is obtained. */
export async function cached(
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
