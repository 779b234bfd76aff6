import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { rootCause } from "@lgtm-lab/contracts";
import pWaitFor, { TimeoutError } from "p-wait-for";
import { identify, isRunning, type ProcessIdentity } from "../programs/processes.ts";
import { commandLine } from "../terminal/messages.ts";
import { openLog } from "./state-folder.ts";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

interface Exit {
  /** The cause of its end: `exit code 1`, `killed by SIGKILL`, `could not be started: …`. */
  readonly how: string;
  readonly ranMs: number;
}

export interface RunningProcess extends ProcessIdentity {
  readonly command: string;
  readonly startedAt: number;
  readonly log: string;
  /** Size of the log before this process wrote to it. */
  readonly logOffset: number;
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<Exit>;
}

/**
 * Starts a process of the stack in a separate session, so that a terminal's Ctrl-C reaches only the lab, which then
 * stops everything in order. The process writes to its log file directly, so its output does not depend on the lab.
 * Does not use execa, because it takes 4 MB. The launcher loads execa only to build a program or to ask one for its
 * version.
 */
export function spawnProcess({ file, args, cwd, env, log }: Command): RunningProcess {
  const startedAt = Date.now();
  const { descriptor, offset } = openLog(log);
  const subprocess = spawn(file, args, {
    cwd,
    env,
    stdio: ["ignore", descriptor, descriptor],
    detached: true,
  });
  closeSync(descriptor);
  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  const end = (how: string) => resolve({ how, ranMs: Date.now() - startedAt });
  subprocess.once("error", ({ message }) => end(`could not be started: ${message}`));
  subprocess.once("exit", (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));
  const identity = subprocess.pid ? identify(subprocess.pid) : { pid: 0, startTime: "never" };
  return { ...identity, command: commandLine(file, args), startedAt, log, logOffset: offset, exited };
}

const END_POLL_MS = 20;
/** Maximum time from SIGKILL to the end. Only a process that is stuck in the kernel takes longer. */
const KILL_MS = 10_000;

type Ending = "had ended" | "stopped" | "killed" | "survived";

/**
 * Ends a process with SIGTERM, or with SIGKILL if it is still running after its grace period. Never signals another
 * process with the same pid.
 */
export async function terminate(target: ProcessIdentity, { graceMs }: { graceMs: number }): Promise<Ending> {
  if (!sendSignal(target, "SIGTERM")) return "had ended";
  if (await isGoneAfter(target, graceMs)) return "stopped";
  sendSignal(target, "SIGKILL");
  return (await isGoneAfter(target, KILL_MS)) ? "killed" : "survived";
}

/**
 * Sends a signal to the process group that a process leads, or to the process alone if it leads none.
 * @returns false if that process has ended.
 */
export function sendSignal(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(target)) return false;
  for (const id of [-target.pid, target.pid]) {
    try {
      return process.kill(id, signal);
    } catch {
      // There is no group of that id because the process does not lead one yet. The signal goes to the process alone.
    }
  }
  return false;
}

async function isGoneAfter(target: ProcessIdentity, milliseconds: number): Promise<boolean> {
  return await pWaitFor(() => !isRunning(target), {
    interval: END_POLL_MS,
    timeout: { milliseconds, fallback: () => false },
  }).then((result) => result !== false);
}

const READY_POLL_MS = 50;
const RESPONSE_MS = 2000;
/** Time that a ready component may wait for its dependencies. */
const DEPENDENCIES_MS = 5000;

type Outcome =
  | { readonly type: "ready" }
  | { readonly type: "died"; readonly how: string; readonly ranMs: number }
  | { readonly type: "late"; readonly lastResponse: string };

/**
 * Waits until the URL responds with 200, the process dies, or the deadline passes, whichever comes first. Without a
 * URL it is ready at once.
 * @throws the signal's reason if it aborts.
 */
export async function waitUntilReady(
  child: Pick<RunningProcess, "exited">,
  options: {
    url: string | undefined;
    /** Checks the body of a 200: are the dependencies up as well? Ignored from five seconds after the first 200. */
    dependenciesUp?: ((body: string) => boolean) | undefined;
    deadlineMs: number;
    signal: AbortSignal;
  },
): Promise<Outcome> {
  const { url, dependenciesUp = () => true, deadlineMs, signal } = options;
  const over = new AbortController();
  const death = child.exited.then((exit): Outcome => ({ type: "died", ...exit }));
  try {
    if (!url) return { type: "ready" };
    return await Promise.race([
      death,
      pollUntilReady(url, dependenciesUp, deadlineMs, AbortSignal.any([signal, over.signal])),
    ]);
  } finally {
    over.abort();
  }
}

async function pollUntilReady(
  url: string,
  dependenciesUp: (body: string) => boolean,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Outcome> {
  let lastResponse = "no response";
  let readySince = Number.POSITIVE_INFINITY;
  try {
    await pWaitFor(
      async () => {
        const response = await probe(url);
        lastResponse = response.text;
        if (!response.ok) return false;
        readySince = Math.min(readySince, Date.now());
        return dependenciesUp(response.body) || Date.now() - readySince > DEPENDENCIES_MS;
      },
      { interval: READY_POLL_MS, timeout: deadlineMs, signal },
    );
    return { type: "ready" };
  } catch (error) {
    if (error instanceof TimeoutError) return { type: "late", lastResponse };
    throw error;
  }
}

/**
 * Sends one GET request. `ok` is true for 200 only. `text` is the status and the first 200 characters of the body, or the
 * reason why there was no response. Does not use `fetch` or import `node:http`, which loads `fetch` as well, because the
 * launcher would then use 6 MB more.
 */
export async function probe(url: string): Promise<{ ok: boolean; text: string; body: string }> {
  const { get } = process.getBuiltinModule(url.startsWith("https:") ? "node:https" : "node:http");
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    get(url, { signal: AbortSignal.timeout(RESPONSE_MS) }, resolve).once("error", reject);
    const response = await promise;
    const body = Buffer.concat(await response.toArray()).toString();
    return {
      ok: response.statusCode === 200,
      text: `${response.statusCode} ${body.trim().slice(0, 200)}`,
      body,
    };
  } catch (error) {
    return { ok: false, text: rootCause(error).message, body: "" };
  }
}
