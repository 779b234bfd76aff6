import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { type ProcessInfo, processInfo, statFields } from "../programs/process-info.ts";

/** The measure of memory: proportional set size, in which each process counts its share of a shared page, or resident size. */
export type MemoryMeasure = "PSS" | "RSS";

const PSS = /^Pss:\s+(\d+) kB/m;

/** Whether the system provides proportional sizes: Linux from 4.14 on. */
export const MEMORY_MEASURE: MemoryMeasure = pssOf(process.pid) === undefined ? "RSS" : "PSS";

/** Bytes of memory of a process by {@link MEMORY_MEASURE}; its resident size if that cannot be read (another user's). */
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

/** A process and all its descendants, and the bootstrap, shell and npm that started it. */
export function familyOf(pid: number): ProcessInfo[] {
  const parents = parentOfEach();
  const family = new Set([pid]);
  // A child may be listed before its parent, so this repeats until nothing is added.
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const [child, parent] of parents) if (family.has(parent)) family.add(child);
  }
  const starters: ProcessInfo[] = [];
  for (let at = parents.get(pid); at !== undefined; at = parents.get(at)) {
    const starter = processInfo(at);
    if (!starter || !/bootstrap\.mjs|^npm /.test(starter.command)) break;
    starters.push(starter);
  }
  return [...starters, ...[...family].flatMap((member) => processInfo(member) ?? [])];
}

/** The parent of each process of this machine. */
function parentOfEach(): Map<number, number> {
  return process.platform === "linux" ? new Map(fromProc()) : new Map(fromPs());
}

function* fromProc(): Generator<[pid: number, parent: number]> {
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

function* fromPs(): Generator<[pid: number, parent: number]> {
  const lines = execFileSync("ps", ["-A", "-o", "pid=", "-o", "ppid="], { encoding: "utf8" }).split("\n");
  for (const line of lines) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid && parent !== undefined) yield [pid, parent];
  }
}
