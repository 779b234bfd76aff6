import { closeSync } from "node:fs";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { identify, isRunning, type ProcessIdentity } from "../programs/process-info.ts";
import { commandLine } from "../terminal/failure.ts";
import { openLog } from "./logs.ts";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

export interface Exit {
  /** In words: `exit code 1`, `killed by SIGKILL`, `could not be started: …`. */
  readonly how: string;
  readonly ranMs: number;
}

export interface RunningProcess extends ProcessIdentity {
  readonly command: string;
  readonly startedAt: number;
  readonly log: string;
  /** Size of the log before this process wrote to it. */
  readonly logOffset: number;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<Exit>;
}

/**
 * Starts a process of the stack. It leads a separate session, so that a terminal's Ctrl-C reaches the lab alone, which
 * then stops everything in order; it writes to its log file itself, so that nothing of the lab stands between the two.
 */
export function spawnProcess({ file, args, cwd, env, log }: Command): RunningProcess {
  const startedAt = Date.now();
  const { descriptor, offset } = openLog(log);
  const output = descriptor as 3; // any descriptor will do: execa's types name the first few only
  const subprocess = execa(file, args, {
    cwd,
    env,
    extendEnv: false,
    stdio: ["ignore", output, output],
    detached: true,
    cleanup: false,
    reject: false,
  });
  closeSync(descriptor);
  const exited = subprocess.then((result): Exit => {
    const ranMs = Date.now() - startedAt;
    if (result.signal) return { how: `killed by ${result.signal}`, ranMs };
    if (result.exitCode !== undefined) return { how: `exit code ${result.exitCode}`, ranMs };
    return { how: `could not be started: ${result.originalMessage ?? result.shortMessage}`, ranMs };
  });
  const identity = subprocess.pid ? identify(subprocess.pid) : { pid: 0, startTime: "never" };
  return { ...identity, command: commandLine(file, args), startedAt, log, logOffset: offset, exited };
}

const POLL_MS = 20;
/** From SIGKILL to the end: only a process stuck in the kernel takes longer. */
const KILL_MS = 10_000;

export type Ending = "was gone" | "stopped" | "killed" | "survived";

/** Ends a process: SIGTERM, then, when it is still there after its grace, SIGKILL. Never touches a stranger's pid. */
export async function terminate(target: ProcessIdentity, { graceMs }: { graceMs: number }): Promise<Ending> {
  if (!send(target, "SIGTERM")) return "was gone";
  if (await isGoneAfter(target, graceMs)) return "stopped";
  send(target, "SIGKILL");
  return (await isGoneAfter(target, KILL_MS)) ? "killed" : "survived";
}

/**
 * Sends a signal to a process and to its group, which it leads.
 * @returns false when that process is not there any more.
 */
export function send(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(target)) return false;
  for (const address of [-target.pid, target.pid]) {
    try {
      return process.kill(address, signal);
    } catch {
      // No group of that id: it never came to lead one. Then to the process alone.
    }
  }
  return false;
}

async function isGoneAfter(target: ProcessIdentity, milliseconds: number): Promise<boolean> {
  return await pWaitFor(() => !isRunning(target), {
    interval: POLL_MS,
    timeout: { milliseconds, fallback: () => false },
  }).then((answer) => answer !== false);
}
