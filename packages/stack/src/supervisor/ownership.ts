import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { closeSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { FurtherInstances } from "@lgtm-lab/contracts";
import getPort, { portNumbers } from "get-port";
import { type Component, portsOf, STAGES } from "../components/component.ts";
import {
  DEFAULT_PORTS,
  HOST,
  PORT_VARIABLES,
  type PortNumbers,
  type Ports,
  type PortVariable,
} from "../ports.ts";
import { type Held, isRunning, portHolder, readLock, releaseLock, takeLock } from "../programs/processes.ts";
import { failureMessage, LabError, type Report } from "../terminal/messages.ts";
import { terminate } from "./process.ts";
import {
  clearHosts,
  clearRecords,
  logFile,
  openLog,
  prepareStateFolder,
  readHosts,
  readRecords,
  runFolder,
} from "./state-folder.ts";

/** The entry in a state folder that describes its owner and its stack. */
export interface StackInfo {
  readonly mode: "foreground" | "detached";
  readonly ports: Ports;
  /** The instances that `--scale` added. */
  readonly instances?: FurtherInstances | undefined;
  /** The hash of each variable of the services and backends that was set at the start: values can be secrets. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  readonly startedAt: number;
  /** The issuer of the access tokens that the gateways require, with `lab up --auth`. */
  readonly tokenIssuer?: string | undefined;
}

/** The process that owns a state folder, and its stack. */
export type Owner = Held<StackInfo>;

const ownerFile = (stateFolder: string) => join(runFolder(stateFolder), "stack.json");

/** Returns the owner of a state folder and whether it is still alive; undefined if the folder has no owner. */
export function readOwner(stateFolder: string): (Owner & { alive: boolean }) | undefined {
  const owner = readLock<StackInfo>(ownerFile(stateFolder));
  return owner && { ...owner, alive: isRunning(owner) };
}

/** Removes the entry of the owner, so that another stack can use the state folder. */
export function removeOwner(stateFolder: string): void {
  releaseLock(ownerFile(stateFolder));
}

export interface Ownership {
  /** Releases the folder for another stack and ends the guardian. Call it when no process is running. */
  readonly release: () => void;
}

/**
 * Makes this process the owner of a state folder and its ports. Processes that a killed owner left behind are stopped
 * first. If this process is killed, a guardian stops everything; a detached stack has no guardian, because it outlives
 * its launcher.
 * @throws LabError if the folder cannot be used, a stack already runs there, or a port is in use.
 */
export async function takeOwnership(
  stateFolder: string,
  options: {
    components: readonly Component[];
    ports: Ports;
    instances?: FurtherInstances | undefined;
    settings?: Readonly<Record<string, string>> | undefined;
    mode: "foreground" | "detached";
    tokenIssuer?: string | undefined;
    report: Report;
  },
): Promise<Ownership> {
  const { components, ports, instances = {}, settings = {}, mode, tokenIssuer, report } = options;
  prepareStateFolder(stateFolder);
  const other = takeLock(ownerFile(stateFolder), {
    mode,
    ports,
    instances,
    settings,
    startedAt: Date.now(),
    tokenIssuer,
  });
  if (other)
    throw new LabError(
      `A stack is already running in ${stateFolder} (pid ${other.pid}). Stop it with \`npx lab down\`.`,
    );
  let guardian: Guardian | undefined;
  try {
    const leftovers = await stopLeftovers(stateFolder);
    if (leftovers.length > 0) report({ type: "note", text: leftoversText(leftovers) });
    await assertPortsFree(components, ports);
    guardian = mode === "foreground" ? startGuardian(stateFolder) : undefined;
  } catch (error) {
    removeOwner(stateFolder);
    throw error;
  }
  return {
    release: () => {
      clearRecords(stateFolder);
      removeOwner(stateFolder);
      guardian?.release();
    },
  };
}

/** Returns the message about components that outlived their owner. */
function leftoversText(stopped: readonly string[]): string {
  return `The previous launcher was killed. Stopped its remaining processes: ${stopped.join(", ")}.`;
}

/**
 * Stops the processes that a killed owner of the state folder left behind. Every command does this first.
 * @returns whether there was anything to stop.
 */
export async function recover(stateFolder: string): Promise<boolean> {
  const owner = readOwner(stateFolder);
  if (owner?.alive) return false;
  const stopped = await stopLeftovers(stateFolder);
  if (owner) removeOwner(stateFolder);
  if (stopped.length === 0) return false;
  console.error(leftoversText(stopped));
  return true;
}

/**
 * Returns the owner of a state folder, after {@link recover}.
 * @throws LabError if no stack is running there.
 */
export async function requireOwner(stateFolder: string): Promise<Owner> {
  await recover(stateFolder);
  const owner = readOwner(stateFolder);
  if (owner?.alive) return owner;
  throw new LabError(noStackText(stateFolder));
}

/** Returns the message for a command that needs a running stack. */
export const noStackText = (stateFolder: string): string =>
  `No stack is running with its state in ${stateFolder}. Start one with \`npx lab up\`.`;

/**
 * Stops the processes that a dead launcher left behind, in the stack's stop order, by its pid files.
 * @returns the names of the components that were still running.
 */
export async function stopLeftovers(stateFolder: string): Promise<string[]> {
  const leftovers = readRecords(stateFolder).filter((record) => record.process && isRunning(record.process));
  for (const stage of STAGES) {
    const ofStage = leftovers.filter((record) => record.stage === stage);
    await Promise.all(
      ofStage.map(({ process, graceMs }) => (process ? terminate(process, { graceMs }) : undefined)),
    );
  }
  clearRecords(stateFolder);
  await removeHosts(stateFolder);
  return leftovers.map(({ name }) => name);
}

/** Removes the separate hosts of a stack, if it has any (`--hosts`). Their code is loaded only then. */
export async function removeHosts(stateFolder: string): Promise<void> {
  if (!readHosts(stateFolder)) return;
  const { removeSeparateHosts } = await import("../hosts/hosts.ts");
  await removeSeparateHosts(stateFolder);
  clearHosts(stateFolder);
}

interface Guardian {
  /** Ends the guardian, because the stack was stopped normally. */
  release(): void;
}

/** A shell waits instead of Node, because a waiting Node process uses 15 MB. */
const WAIT_SCRIPT = 'read -r line; [ "$line" = released ] || exec "$0" "$@"';

/**
 * Starts the process that stops the stack if this process is killed. It has the reading end of a pipe. When this
 * process ends for any reason, the pipe closes, and the guardian stops the stack unless it was released before.
 */
function startGuardian(stateFolder: string): Guardian {
  const { descriptor } = openLog(logFile(stateFolder, "guardian"));
  const guardian = spawn("sh", ["-c", WAIT_SCRIPT, process.execPath, import.meta.filename, stateFolder], {
    stdio: ["pipe", descriptor, descriptor],
    detached: true,
  });
  closeSync(descriptor);
  guardian.unref();
  guardian.stdin?.on("error", () => {}); // the guardian itself was killed
  return { release: () => guardian.stdin?.end("released") };
}

/** Stops what a killed launcher has left behind. The guardian's shell runs this file as a program for that. */
async function runGuardian(stateFolder: string): Promise<void> {
  const stopped = await stopLeftovers(stateFolder);
  removeOwner(stateFolder);
  console.log(
    `${new Date().toISOString()} the launcher was killed; stopped ${stopped.join(", ") || "nothing"}`,
  );
}

/** Below the range of ports for outgoing connections, so that the system does not use a port before the stack does. */
const MIN_PORT = 15_000;
const MAX_PORT = 30_000;

/** Returns whether nothing listens on the port of 127.0.0.1 (nor on the same port of every address). */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** How many ports are tried, from a random one on. */
const PORTS_TRIED = 1_000;

/**
 * Finds a free port for every variable, for a second stack beside a running one. Two calls in a
 * process never return the same port.
 */
export async function freePorts(): Promise<PortNumbers> {
  const ports: Record<PortVariable, number> = { ...DEFAULT_PORTS };
  const first = randomFirstPort();
  for (const name of PORT_VARIABLES) ports[name] = await freePort(first);
  return ports;
}

/** Finds a free port, from `first` on. Two calls in a process never return the same port. */
export const freePort = (first = randomFirstPort()): Promise<number> =>
  // A new iterator for each call, because getPort ends it.
  getPort({ host: HOST, port: portNumbers(first, first + PORTS_TRIED), reserve: true });

const randomFirstPort = () => randomInt(MIN_PORT, MAX_PORT - PORTS_TRIED);

/**
 * Checks every port that the components open, before any of them starts.
 * @throws LabError that names, for each port in use: the port, the component that needs it, the process that holds it,
 * the variable.
 */
async function assertPortsFree(components: readonly Component[], ports: Ports): Promise<void> {
  const wanted = components.flatMap((component) =>
    component.ports.map((variable) => ({
      name: component.name,
      variable,
      port: portsOf(component, ports)[variable],
    })),
  );
  const free = await Promise.all(wanted.map(({ port }) => isFree(port)));
  const taken = wanted.filter((_, index) => !free[index]);
  if (taken.length === 0) return;
  throw new LabError(
    taken
      .map(({ name, variable, port }) => {
        const holder = portHolder(port);
        const who = holder ? `pid ${holder.pid} (${holder.command})` : "another user's process";
        return failureMessage({
          what: `Port ${port} of ${HOST}, which ${name} needs, is in use by ${who}.`,
          fix: `stop that process, or set ${variable} to another port`,
        });
      })
      .join("\n"),
  );
}

if (import.meta.main) await runGuardian(process.argv[2] ?? "");
