import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LimitFunction } from "p-limit";
import { type Component, type ComponentContext, NODE_MALLOC } from "../components/component.ts";
import type { Environment } from "../env.ts";
import type { Ports } from "../ports.ts";
import { resolveBinary } from "../programs/find.ts";
import type { Resolved } from "../programs/program.ts";
import { failureMessage, LabError, messageOf } from "../terminal/failure.ts";
import type { Progress, Report, Work } from "../terminal/reporter.ts";
import { type Command, type RunningProcess, spawnProcess, waitUntilReady } from "./process.ts";
import { logFile, tailOf } from "./state-folder.ts";

/** The data of a stack that the start of a component needs. */
export interface LaunchContext {
  readonly root: string;
  readonly state: string;
  readonly ports: Ports;
  readonly environment: Environment;
  /** More environment variables for single components, by name; they override all others. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly faultToken: string;
  readonly slots: LimitFunction;
  readonly report: Report;
  /** Aborts when the stack is being stopped. */
  readonly signal: AbortSignal;
}

const DEADLINE_MS = 60_000;
const TAIL_LINES = 15;

/**
 * Starts a component's process and waits until it is ready.
 * @param started is called when the process exists.
 * @returns the start-up time in seconds.
 * @throws LabError with the command and the end of its log if it dies first or is not ready in time.
 */
export async function launch(
  component: Component,
  program: Resolved,
  context: LaunchContext,
  started: (child: RunningProcess) => void,
): Promise<number> {
  const { name, dependenciesUp, deadlineMs = DEADLINE_MS } = component;
  const { ports, signal } = context;
  signal.throwIfAborted();
  const url = component.readyUrl?.({ ports });
  const child = spawnProcess(commandOf(component, program, context));
  started(child);
  const outcome = await waitUntilReady(child, { url, dependenciesUp, deadlineMs, signal });
  switch (outcome.type) {
    case "ready":
      return (Date.now() - child.startedAt) / 1000;
    case "died":
      throw failureOf(
        child,
        `${name} died before it was ready: ${outcome.how} after ${seconds(outcome.ranMs)}.`,
        program,
      );
    case "late":
      throw failureOf(
        child,
        `${name} was not ready after ${seconds(deadlineMs)}: ${url} → ${outcome.lastAnswer}`,
      );
  }
}

/**
 * Returns the error of a process that failed: what happened, its command, the end of its log. A cached program that
 * dies at its start without any output is most likely damaged.
 */
export function failureOf(
  { command, log, logOffset }: RunningProcess,
  what: string,
  program?: Resolved,
): LabError {
  const tail = tailOf(log, TAIL_LINES, logOffset);
  const damaged = program?.source === "cache" && tail.length === 0;
  const fix = damaged
    ? `the file may be damaged: rm '${program.path}', then start again to download or build it`
    : undefined;
  return new LabError(failureMessage({ what, command, log, tail, fix }));
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/**
 * Returns the program of a component: the Node that runs the lab for our own programs; otherwise a binary, which may
 * have to be downloaded or built first.
 * @param helper receives the pid of a long-running helper process, and undefined when that has ended.
 * @returns undefined if an optional program cannot be obtained.
 */
export async function findProgram(
  { name, program, build }: Component,
  { environment, report, ...context }: LaunchContext,
  helper: (pid: number | undefined) => void,
): Promise<Resolved | undefined> {
  const { cache, paths, proxy } = environment;
  let obtained: Work | undefined;
  const progress: Progress = (text, work) => {
    obtained = work ?? obtained;
    report({ type: "progress", component: name, text, ...(work && { work }) });
  };
  const reportObtained = () => {
    if (obtained) progress("starting", { ...obtained, done: 1 });
  };
  if (program.kind === "binary") {
    const found = await resolveBinary(name, program, { ...context, paths, cache, proxy, progress, helper });
    if (found) reportObtained();
    return found;
  }
  await build?.({ ...context, cache, progress, helper }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    report({ type: "note", text: messageOf(error) });
  });
  reportObtained();
  return { path: process.execPath, version: program.version, source: "repository" };
}

/** Returns the command of a component's process. Also creates its data folder and the files that it expects there. */
export function commandOf(
  component: Component,
  { path, version }: Resolved,
  context: LaunchContext,
): Command {
  const { root, state, ports, environment, overrides, faultToken } = context;
  const data = join(state, `${component.name}-${version}`);
  const { sloProfile, grafanaPassword } = environment;
  const input: ComponentContext = {
    root,
    state,
    data,
    ports,
    sloProfile,
    faultToken,
    grafanaPassword,
    program: path,
  };
  if (component.program.kind === "binary") mkdirSync(data, { recursive: true });
  component.prepare?.(input);
  return {
    file: path,
    args: component.args(input),
    cwd: component.cwd?.(input) ?? root,
    log: logFile(state, component.name),
    env: {
      ...environment.basic,
      ...(component.program.kind === "node" && {
        PATH: [dirname(process.execPath), environment.basic.PATH].join(":"),
        NODE_COMPILE_CACHE: join(environment.cache, "node"),
        ...NODE_MALLOC,
      }),
      ...component.env?.(input),
      ...(component.telemetry && { ...environment.telemetry, ...environment.services }),
      ...environment.settings[component.name],
      ...overrides[component.name],
    },
  };
}
