import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { rootCause } from "@lgtm-lab/contracts";
import type { ProxySettings } from "../env.ts";
import { LabError, type Progress } from "../terminal/messages.ts";
import { platform, type Release, type Resolved, type ResolveOptions } from "./program.ts";

const CONNECT_MS = 2000;
/** A proxy must resolve the name and connect before it responds. */
const PROXIED_MS = 5000;
const asked = new Map<string, Promise<string | undefined>>();

/**
 * Returns why a release's site does not respond; undefined if it does. Each site is checked once and has 2 s to
 * respond, or 5 s through a proxy.
 */
export async function whyUnreachable(
  url: string,
  options: Pick<ResolveOptions, "signal" | "proxy">,
): Promise<string | undefined> {
  const { origin } = new URL(url);
  const pending = asked.get(origin) ?? ask(origin, options);
  asked.set(origin, pending);
  return await pending;
}

async function ask(
  origin: string,
  { signal, proxy }: Pick<ResolveOptions, "signal" | "proxy">,
): Promise<string | undefined> {
  const { host, protocol } = new URL(origin);
  const named = protocol === "https:" ? (proxy?.https ?? proxy?.http) : proxy?.http;
  const through = named ? `; check ${named.variable}=${withoutPassword(named.address)} and no_proxy` : "";
  const timeoutMs = named ? PROXIED_MS : CONNECT_MS;
  try {
    if (proxy) useProxy(proxy);
    await fetch(origin, {
      method: "HEAD",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return undefined;
  } catch (error) {
    return `${host} cannot be reached (${reasonOf(error)}${through})`;
  }
}

let proxied = false;

/** Makes `fetch` use the user's proxy, once for this process. The stack's own addresses are in `no_proxy`. */
function useProxy({ http, https, noProxy }: ProxySettings): void {
  if (proxied) return;
  for (const named of [http, https])
    if (named && !/^(https?|socks5):\/\/[^/]/.test(named.address))
      throw new Error(`${named.variable} is not the address of a proxy, such as http://proxy.example:3128`);
  // An import of node:http would load fetch, which most starts do not use.
  const { setGlobalProxyFromEnv } = process.getBuiltinModule("node:http");
  setGlobalProxyFromEnv({ http_proxy: http?.address, https_proxy: https?.address, no_proxy: noProxy });
  proxied = true;
}

/** Removes the password from an address, for messages. */
function withoutPassword(address: string): string {
  return address.replace(/\/\/.*@/, "//");
}

/** Returns why a download failed, with a hint if the proxy requires a password. */
export function reasonOf(error: unknown): string {
  const { name, message } = rootCause(error);
  if (name === "TimeoutError") return "no response in time";
  return message.includes("407") ? `${message}; the proxy requires http://<user>:<password>@<host>` : message;
}

/**
 * Downloads a release's archive, compares its SHA-256 with the release's own list, and puts the program at `target`.
 * @throws LabError if the checksum does not match; Error if the network fails.
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
        `${release.url}/${asset} does not match its checksum: SHA-256 ${actual}, expected ${expected}.`,
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

const STALL_MS = 20_000;
const STEP_PERCENT = 5;
/** Share of the download; unpacking follows. */
const DOWNLOADED = 0.95;
const MEGABYTE = 1_000_000;

/**
 * Downloads to a file and reports the progress.
 * @throws Error if the status is not 200, or if nothing arrives for 20 s.
 */
async function download(
  url: string,
  file: string,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error(`${url} sent nothing for ${STALL_MS / 1000} s`)),
    STALL_MS,
  );
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, stalled.signal]) });
    if (!response.ok || !response.body) throw new Error(`${url} responded with ${response.status}`);
    const total = Number(response.headers.get("content-length"));
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      let bytes = 0;
      let reported = 0;
      for await (const chunk of chunks) {
        timer.refresh();
        bytes += chunk.length;
        const percent = total ? Math.floor((bytes / total) * 100) : 0;
        if (percent >= reported + STEP_PERCENT || reported === 0) {
          reported = Math.max(percent, 1);
          progress(`downloading ${percent} % of ${(total / MEGABYTE).toFixed(0)} MB`, {
            kind: "download",
            done: Math.min(percent / 100, DOWNLOADED),
          });
        }
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(file));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Finds the SHA-256 of a file in the output of `sha256sum` (`<hex>  <name>` lines), or in a list that contains only the
 * sum.
 * @throws LabError if the list does not contain the file.
 */
export function checksumFor(asset: string, list: string): string {
  for (const line of list.split("\n")) {
    const match = /^([0-9a-f]{64})(?:\s+\*?(?:\.\/)?(\S+))?\s*$/i.exec(line);
    if (match?.[1] && (match[2] === undefined || match[2] === asset)) return match[1].toLowerCase();
  }
  throw new LabError(`The release's checksum file does not list ${asset}.`);
}

/** Returns the SHA-256 of a file, in hexadecimal. */
async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/**
 * Unpacks one member of a .tar.gz or .zip, or for `.` all members. If `member` is the name of the file, the file is the
 * program and not an archive.
 * @throws LabError if there is no such member.
 */
async function unpack(archive: string, folder: string, member: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (basename(archive) === member) {
    await rename(archive, join(folder, member));
    return;
  }
  const found = archive.endsWith(".zip")
    ? await unzip(archive, folder, member)
    : await untar(archive, folder, member);
  if (!found) throw new LabError(`${archive} does not contain ${member}.`);
}

async function untar(file: string, cwd: string, member: string): Promise<boolean> {
  const { extract } = await import("tar"); // only a first start needs it
  let found = member === ".";
  const wanted = (path: string) => member === "." || path.replace(/^\.\//, "") === member;
  await extract({
    file,
    cwd,
    filter: (path) => {
      found ||= wanted(path);
      return wanted(path);
    },
  });
  return found;
}

async function unzip(file: string, folder: string, member: string): Promise<boolean> {
  const { unzipSync } = await import("fflate");
  const files = unzipSync(await readFile(file), { filter: ({ name }) => name === member });
  const content = files[member];
  if (!content) return false;
  await mkdir(dirname(join(folder, member)), { recursive: true });
  await writeFile(join(folder, member), content);
  return true;
}
