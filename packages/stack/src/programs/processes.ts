import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import pWaitFor from "p-wait-for";
import type { ResolveOptions } from "./program.ts";

/** One process: its start time distinguishes it from a later process with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: clock ticks since boot on Linux, a date elsewhere. */
  readonly startTime: string;
}

export interface ProcessInfo extends ProcessIdentity {
  readonly rssBytes: number;
  readonly command: string;
}

/** Returns the system's data about a running process; undefined if it has ended (a zombie has). */
export function processInfo(pid: number): ProcessInfo | undefined {
  return process.platform === "linux" ? infoFromProc(pid) : infoFromPs(pid);
}

/** Returns whether exactly this process runs: false if it has ended or its pid belongs to another process. */
export function isRunning(identity: ProcessIdentity): boolean {
  return processInfo(identity.pid)?.startTime === identity.startTime;
}

/** Returns the identity of a process that was just started by us. */
export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: processInfo(pid)?.startTime ?? "gone" };
}

/**
 * Returns the fields of `/proc/<pid>/stat` from the third on: state, parent, … (proc(5)). The name before them is in
 * parentheses and may contain spaces. Throws if the process does not exist.
 */
const statFields = (pid: number): readonly string[] => parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));

const parseStat = (stat: string): string[] => stat.slice(stat.lastIndexOf(")") + 2).split(" ");

/**
 * Returns whether a process has ended, from the content of its `/proc/<pid>/stat`. The first thread of a process that ends
 * can be a zombie while others still end. Until then they hold its files, such as the ports on which it listens.
 */
export function hasEnded(stat: string): boolean {
  const [state, ...fields] = parseStat(stat);
  const threads = Number(fields[16]);
  return state === "X" || (state === "Z" && threads <= 1);
}

function infoFromProc(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    if (hasEnded(stat)) return undefined;
    const [, ...fields] = parseStat(stat);
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    // Not field 24 of stat: it counts pages, and their size differs between kernels.
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return { pid, startTime: fields[18] ?? "", rssBytes: Number(kilobytes ?? 0) * 1024, command };
  } catch {
    return undefined;
  }
}

function infoFromPs(pid: number): ProcessInfo | undefined {
  try {
    const columns = ["-o", "state=", "-o", "rss=", "-o", "lstart=", "-o", "command="];
    const line = execFileSync("ps", [...columns, "-p", String(pid)], { encoding: "utf8" }).trim();
    const match = /^(\S+)\s+(\d+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/s.exec(line);
    if (!match?.[3] || match[1]?.startsWith("Z")) return undefined;
    return { pid, startTime: match[3], rssBytes: Number(match[2]) * 1024, command: match[4] ?? "" };
  } catch {
    return undefined;
  }
}

/**
 * The measure of memory: proportional set size, in which each process counts its share of a shared page, or resident
 * size.
 */
export type MemoryMeasure = "PSS" | "RSS";

const PSS = /^Pss:\s+(\d+) kB/m;

/** Returns PSS if the system provides it: Linux from 4.14 on. */
export const memoryMeasure = (): MemoryMeasure => (pssOf(process.pid) === undefined ? "RSS" : "PSS");

/** Bytes of memory of a process by {@link memoryMeasure}; its resident size if that cannot be read (another user's). */
export const memoryOf = ({ pid, rssBytes }: Pick<ProcessInfo, "pid" | "rssBytes">): number =>
  pssOf(pid) ?? rssBytes;

function pssOf(pid: number): number | undefined {
  try {
    const [, kilobytes] = PSS.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Returns a process and all its descendants, and the bootstrap, shell and npm that started it. */
export function processTree(pid: number): ProcessInfo[] {
  const parents = parentOfEach();
  const members = new Set([pid]);
  // A child may be listed before its parent, so this repeats until nothing is added.
  for (let before = 0; before < members.size; ) {
    before = members.size;
    for (const [child, parent] of parents) if (members.has(parent)) members.add(child);
  }
  const starters: ProcessInfo[] = [];
  for (let at = parents.get(pid); at !== undefined; at = parents.get(at)) {
    const starter = processInfo(at);
    if (!starter || !/bootstrap\.mjs|^npm /.test(starter.command)) break;
    starters.push(starter);
  }
  return [...starters, ...[...members].flatMap((member) => processInfo(member) ?? [])];
}

/** Returns the parent of each process of this machine. */
function parentOfEach(): Map<number, number> {
  return process.platform === "linux" ? new Map(parentsFromProc()) : new Map(parentsFromPs());
}

function* parentsFromProc(): Generator<[pid: number, parent: number]> {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [, parent] = statFields(Number(entry));
      yield [Number(entry), Number(parent)];
    } catch {
      // The process has ended.
    }
  }
}

function* parentsFromPs(): Generator<[pid: number, parent: number]> {
  const lines = execFileSync("ps", ["-A", "-o", "pid=", "-o", "ppid="], { encoding: "utf8" }).split("\n");
  for (const line of lines) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid && parent !== undefined) yield [pid, parent];
  }
}

/** Finds the process that listens on a TCP port, if the system shows it. */
export function portHolder(port: number): ProcessInfo | undefined {
  const pid = process.platform === "linux" ? listenerInProc(port) : listenerOfLsof(port);
  return pid === undefined ? undefined : processInfo(pid);
}

/** An open port: a listening TCP socket, or a UDP socket that is not connected, so it receives from every address. */
export interface OpenPort {
  readonly protocol: "tcp" | "udp";
  /** `127.0.0.1`; for IPv6, eight groups of four hexadecimal digits. */
  readonly address: string;
  readonly port: number;
  /** How the descriptors of a process name the socket ({@link descriptorsOf}). */
  readonly socket: string;
}

/**
 * The tables of proc(5), each with the state of a socket that is an open port: TCP_LISTEN for TCP, TCP_CLOSE (not
 * connected) for UDP.
 */
const TABLES = [
  ["tcp", "tcp", "0A"],
  ["tcp6", "tcp", "0A"],
  ["udp", "udp", "07"],
  ["udp6", "udp", "07"],
] as const;

/** Returns the open ports of all processes in the namespace of this one. Linux only: reads `/proc/net`. */
export const openPorts = (): OpenPort[] =>
  TABLES.flatMap(([table, protocol, open]) =>
    attempt(() => readFileSync(`/proc/net/${table}`, "utf8"), "")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === open)
      .map((fields) => {
        const [address = "", port = ""] = fields[1]?.split(":") ?? [];
        return {
          protocol,
          address: readAddress(address),
          port: Number.parseInt(port, 16),
          socket: `socket:[${fields[9]}]`,
        };
      }),
  );

/**
 * The kernel prints an address as 32-bit numbers in the byte order of the processor, which is little-endian on all
 * supported platforms.
 */
function readAddress(digits: string): string {
  const bytes = Buffer.from(digits, "hex").swap32();
  return bytes.length === 4 ? bytes.join(".") : (bytes.toString("hex").match(/.{4}/g) ?? []).join(":");
}

function listenerInProc(port: number): number | undefined {
  const sockets = new Set(
    openPorts().flatMap((open) => (open.protocol === "tcp" && open.port === port ? open.socket : [])),
  );
  if (sockets.size === 0) return undefined;
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).find((pid) => descriptorsOf(pid).some((target) => sockets.has(target)));
}

/** Returns what the descriptors of a process refer to: a path, or `socket:[<inode>]`. Linux only: reads `/proc`. */
export function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return attempt(() => readdirSync(folder), []).map((fd) =>
    attempt(() => readlinkSync(join(folder, fd)), ""),
  );
}

/** Skips processes of other users, and those that have ended meanwhile. */
function attempt<Result>(look: () => Result, otherwise: Result): Result {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

function listenerOfLsof(port: number): number | undefined {
  const args = ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-t"];
  const found = attempt(() => execFileSync("lsof", args, { encoding: "utf8" }), "");
  return Number(found.split("\n")[0]) || undefined;
}

/** The content of a lock file: the process that holds it, and more data of that process. */
export type Held<Extra> = ProcessIdentity & Extra;

/**
 * Acquires a lock file for this process, even from a holder that has ended.
 * @returns undefined if this process holds it now, otherwise the content of the current holder.
 */
export function takeLock<Extra extends object>(file: string, extra: Extra): Held<Extra> | undefined {
  const own = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(own, JSON.stringify({ ...identify(process.pid), ...extra }, undefined, 2));
  try {
    for (;;) {
      try {
        linkSync(own, file); // like open(O_EXCL), but the file is never incomplete
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = readLock<Extra>(file);
      if (holder && isRunning(holder)) return holder;
      setAside(file);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Returns the holder of the lock, even if it has ended; undefined if the lock is free. */
export function readLock<Extra extends object>(file: string): Held<Extra> | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Releases a lock. */
export function releaseLock(file: string): void {
  rmSync(file, { force: true });
}

/** Removes the lock of a process that has ended, unless another process has just replaced it by its own. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const holder = readLock(aside);
  if (holder && isRunning(holder)) linkSync(aside, file);
  rmSync(aside, { force: true });
}

const POLL_MS = 500;

/** Runs a task while it holds `<cache>/<name>.lock`. Waits while another lab holds it, and reports that once. */
export async function lockedInCache<Result>(
  name: string,
  { cache, signal, progress }: Pick<ResolveOptions, "cache" | "signal" | "progress">,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = join(cache, `${name}.lock`);
  let reported = false;
  await pWaitFor(
    () => {
      const holder = takeLock(lock, {});
      if (holder && !reported)
        progress(`waiting for the lab with pid ${holder.pid}, which is downloading or building it`);
      reported ||= Boolean(holder);
      return !holder;
    },
    { interval: POLL_MS, signal },
  );
  try {
    return await work();
  } finally {
    releaseLock(lock);
  }
}
