import { createHash } from "node:crypto";
import { access, constants, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Binary, type GoModule, platform, type Resolved } from "./program.ts";

/** Where the official release of this version is kept. */
export function releasePath(cache: string, name: string, version: string): string {
  return join(cache, fileName(name, version, "release"));
}

/**
 * Where the program built from `tools/go/<folder>` is kept. The name contains a digest of what it is built from: another
 * set of modules, of the same version, is another program.
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

/** A program from an earlier download or build; the release first, as it would be asked for first. */
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
