import { chmod, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Release } from "../components/types.ts";
import { LabError } from "../report/failure.ts";
import { checksumFor, sha256Of } from "./checksum.ts";
import { download } from "./download.ts";
import { platform } from "./platform.ts";
import type { Resolved, ResolveOptions } from "./resolve.ts";
import { unpack } from "./unpack.ts";

const CONNECT_MS = 2000;
const reachable = new Map<string, Promise<boolean>>();

/** Whether a release's site answers at all; asked once for each site, and given up after two seconds. */
export async function isReachable(url: string, signal: AbortSignal): Promise<boolean> {
  const { origin } = new URL(url);
  const asked = reachable.get(origin) ?? ask(origin, signal);
  reachable.set(origin, asked);
  return await asked;
}

async function ask(origin: string, signal: AbortSignal): Promise<boolean> {
  try {
    await fetch(origin, {
      method: "HEAD",
      signal: AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]),
    });
    return true;
  } catch {
    return false;
  }
}

/**
 * Downloads a release's archive, compares its SHA-256 with the release's own list, and puts the program at `target`.
 * @throws LabError when the checksum does not match; Error when the network fails.
 */
export async function fetchRelease(
  release: Release,
  target: string,
  { signal, progress }: Pick<ResolveOptions, "signal" | "progress">,
): Promise<Resolved> {
  const { os, arch } = platform();
  const asset = release.asset(os, arch) ?? "";
  const work = `${target}.${process.pid}.tmp`;
  const archive = join(work, asset);
  const list = join(work, "checksums");
  await mkdir(work, { recursive: true });
  try {
    await download(`${release.url}/${release.checksums(asset)}`, list, { signal, progress: () => {} });
    await download(`${release.url}/${asset}`, archive, { signal, progress });
    const expected = checksumFor(asset, await readFile(list, "utf8"));
    const actual = await sha256Of(archive);
    if (actual !== expected)
      throw new LabError(
        `${release.url}/${asset} is not what was released: SHA-256 ${actual}, not ${expected}.`,
      );
    progress("unpacking");
    const member = release.member(os, arch);
    const folder = join(work, "unpacked");
    await unpack(archive, folder, release.wholeArchive ? dirname(dirname(member)) : member);
    await chmod(join(folder, member), 0o755);
    const [top = "", ...inside] = member.split("/");
    await rename(join(folder, release.wholeArchive ? top : member), target);
    return {
      path: release.wholeArchive ? join(target, ...inside) : target,
      version: release.version,
      source: "release",
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
