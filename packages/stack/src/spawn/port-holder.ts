import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type ProcessInfo, processInfo } from "./process-info.ts";

/** The process that listens on a TCP port, where the system lets us see it. */
export function portHolder(port: number): ProcessInfo | undefined {
  const pid = process.platform === "linux" ? fromProc(port) : fromLsof(port);
  return pid === undefined ? undefined : processInfo(pid);
}

const LISTEN = "0A";

/** /proc/net/tcp gives a listening socket's inode; the process is the one with a descriptor of that inode. */
function fromProc(port: number): number | undefined {
  const inodes = new Set(["tcp", "tcp6"].flatMap((table) => listeningInodes(`/proc/net/${table}`, port)));
  if (inodes.size === 0) return undefined;
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).find((pid) => descriptors(pid).some((target) => inodes.has(target)));
}

function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return attempt(() => readFileSync(table, "utf8"), "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTEN)
    .map((fields) => `socket:[${fields[9]}]`);
}

function descriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return attempt(() => readdirSync(folder), []).map((fd) =>
    attempt(() => readlinkSync(join(folder, fd)), ""),
  );
}

/** What is another user's, or gone meanwhile, is passed over. */
function attempt<Result>(look: () => Result, otherwise: Result): Result {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

function fromLsof(port: number): number | undefined {
  const args = ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-t"];
  const found = attempt(() => execFileSync("lsof", args, { encoding: "utf8" }), "");
  return Number(found.split("\n")[0]) || undefined;
}
