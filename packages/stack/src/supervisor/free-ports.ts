import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import getPort, { portNumbers } from "get-port";
import type { Component } from "../components/component.ts";
import { DEFAULT_PORTS, HOST, PORT_VARIABLES, type Ports } from "../ports.ts";
import { type ProcessInfo, processInfo } from "../programs/process-info.ts";
import { failureMessage, LabError } from "../terminal/failure.ts";

/** Below the range of ports for outgoing connections, so that the system does not use a port before the stack does. */
const LOWEST = 15_000;
const HIGHEST = 30_000;

/** Returns whether nothing listens on the port of 127.0.0.1 (nor on the same port of every address). */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Finds a free port for every variable, for a second stack beside a running one. No two calls in a process return the
 * same.
 */
export async function freePorts(): Promise<Ports> {
  const ports: Record<string, number> = { ...DEFAULT_PORTS };
  const candidates = portNumbers(randomInt(LOWEST, HIGHEST - PORT_VARIABLES.length * 4), HIGHEST);
  for (const name of PORT_VARIABLES)
    ports[name] = await getPort({ host: HOST, port: candidates, reserve: true });
  return ports as Ports;
}

/**
 * Checks every port that the components open, before any of them starts.
 * @throws LabError that names, for each port in use: the port, the component that needs it, the process that holds it, the variable.
 */
export async function assertPortsFree(components: readonly Component[], ports: Ports): Promise<void> {
  const wanted = components.flatMap(({ name, ports }) => ports.map((variable) => ({ name, variable })));
  const free = await Promise.all(wanted.map(({ variable }) => isFree(ports[variable])));
  const taken = wanted.filter((_, index) => !free[index]);
  if (taken.length === 0) return;
  throw new LabError(
    taken
      .map(({ name, variable }) => {
        const port = ports[variable];
        const holder = portHolder(port);
        const who = holder ? `pid ${holder.pid} (${holder.command})` : "another user's process";
        return failureMessage({
          what: `Port ${port} of ${HOST}, which ${name} needs, is in use by ${who}.`,
          fix: `stop that process, or move ${name} with ${variable}=<another port>`,
        });
      })
      .join("\n"),
  );
}

/** Finds the process that listens on a TCP port, if the system shows it. */
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

/** Skips processes of other users, and those that have ended meanwhile. */
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
