import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

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

/** Returns the system's data about a running process; undefined if it does not run (a zombie does not). */
export function processInfo(pid: number): ProcessInfo | undefined {
  return process.platform === "linux" ? fromProc(pid) : fromPs(pid);
}

/** Returns whether exactly this process runs: false if it has ended or its pid belongs to another process. */
export function isRunning(identity: ProcessIdentity): boolean {
  return processInfo(identity.pid)?.startTime === identity.startTime;
}

/** The identity of a process that was just started by us. */
export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: processInfo(pid)?.startTime ?? "gone" };
}

/**
 * The fields of `/proc/<pid>/stat` from the third on: state, parent, … (proc(5)). The name before them is in
 * parentheses and may contain spaces. Throws if the process does not exist.
 */
export function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function fromProc(pid: number): ProcessInfo | undefined {
  try {
    const [state, ...fields] = statFields(pid);
    if (state === "Z" || state === "X") return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    // Not field 24 of stat: it counts pages, and their size differs between kernels.
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return { pid, startTime: fields[18] ?? "", rssBytes: Number(kilobytes ?? 0) * 1024, command };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): ProcessInfo | undefined {
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
