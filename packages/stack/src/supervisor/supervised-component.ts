import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_DRAIN_MS, type FurtherInstances } from "@lgtm-lab/contracts";
import type { LimitFunction } from "p-limit";
import {
  type Component,
  type ComponentContext,
  type HostAddresses,
  NODE_MALLOC,
  portsOf,
} from "../components/component.ts";
import type { TargetLists } from "../components/prometheus.ts";
import type { Environment } from "../env.ts";
import type { Ports } from "../ports.ts";
import { resolveBinary } from "../programs/find.ts";
import { identify } from "../programs/processes.ts";
import type { Resolved } from "../programs/program.ts";
import {
  failureMessage,
  LabError,
  messageOf,
  type Progress,
  type Report,
  type WorkProgress,
} from "../terminal/messages.ts";
import {
  type Command,
  type RunningProcess,
  sendSignal,
  spawnProcess,
  terminate,
  waitUntilReady,
} from "./process.ts";
import {
  type ComponentRecord,
  type ComponentState,
  logFile,
  removeRecord,
  tailOf,
  writeRecord,
} from "./state-folder.ts";

/** Maximum time until a component is ready, unless it sets `deadlineMs`. */
const DEADLINE_MS = 60_000;
const TAIL_LINES = 15;
const GRACE_MS = 10_000;
/** Pause before a component that a fault killed starts again. */
const KILLED_PAUSE_MS = 2000;
/** How often that pause checks whether the fault has ended. */
const KILLED_POLL_MS = 100;
const ALIVE: ReadonlySet<ComponentState> = new Set(["resolving", "starting", "ready", "restarting"]);

/** Limits how often a component is restarted after an unexpected end. */
export interface RestartPolicy {
  /** Maximum number of restarts within `withinMs`. */
  readonly max: number;
  /** In milliseconds. If a component needs more restarts in this time, it is reported as failed. */
  readonly withinMs: number;
  /** Wait before the first restart; doubled for each further one within the time. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export const RESTART_POLICY: RestartPolicy = {
  max: 5,
  withinMs: 60_000,
  firstDelayMs: 200,
  maxDelayMs: 5000,
};

/** The separate hosts of `--hosts`. */
export interface StackHosts {
  readonly addresses: HostAddresses;
  /** Returns the command that runs `command` on a host. */
  readonly commandOn: (host: string, command: Command) => Command;
}

/** The data that all components of one stack share. */
export interface StackContext {
  readonly root: string;
  readonly stateFolder: string;
  readonly ports: Ports;
  /** The instances that `--scale` added. */
  readonly instances?: FurtherInstances | undefined;
  readonly hosts?: StackHosts | undefined;
  readonly environment: Environment;
  /** More environment variables for single components, by name; they override all others. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly faultToken: string;
  readonly tokenIssuer?: string | undefined;
  readonly buildSlots: LimitFunction;
  readonly report: Report;
  /** Aborts when the stack is being stopped. */
  readonly signal: AbortSignal;
  readonly restartPolicy: RestartPolicy;
  /** Whether the launcher kills a component at each start (the fault crash-b). */
  readonly hasPendingKill: (name: string) => boolean;
  /** The scrape targets of Prometheus. */
  readonly targets: TargetLists;
  /** Prometheus scrapes a component when it is ready, at the latest after this time ({@link StackOptions}). */
  readonly scrapeAfterMs: number;
}

export interface SupervisedComponent {
  readonly component: Component;
  readonly record: () => ComponentRecord;
  /**
   * Obtains the program if necessary and starts it. Resolves when it is ready or skipped. Rejects with a LabError, or
   * with the signal's reason if the stack is being stopped.
   */
  readonly start: () => Promise<void>;
  /** Stops it; nothing restarts it until `start` is called again. */
  readonly stop: (options?: { graceMs?: number }) => Promise<void>;
  /** Sends a signal, as another program could. If the process dies, the restart policy applies. */
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Supervises one component: finds its program, starts it, watches it, restarts it when it dies, and stops it. */
export function superviseComponent(component: Component, context: StackContext): SupervisedComponent {
  const { name, stage, program } = component;
  const { stateFolder, report, signal, environment } = context;
  const longerDrainMs = component.telemetry ? Math.max(0, environment.drainMs - DEFAULT_DRAIN_MS) : 0;
  const graceMs = (component.graceMs ?? GRACE_MS) + longerDrainMs;
  const ports = portsOf(component, context.ports);
  const readyUrl = component.readyUrl?.({ ports });
  let found: Resolved | undefined;
  let running: RunningProcess | undefined;
  let starting: Promise<void> = Promise.resolve();
  let readyTimer: NodeJS.Timeout | undefined;
  /** A new object for each start and stop. Asynchronous work of an earlier generation then has no effect. */
  let currentGeneration = {};
  let record: ComponentRecord = {
    name,
    stage,
    state: "waiting",
    graceMs,
    ports: component.ports.map((variable) => ports[variable]),
    restarts: 0,
    ...(readyUrl && { readyUrl }),
  };

  /** Changes the state, and stores it in the state folder. */
  function setState(next: ComponentState, changes: Partial<ComponentRecord> = {}): void {
    record = { ...record, state: next, ...changes };
    writeRecord(stateFolder, record);
  }

  function start(): Promise<void> {
    // A second process could not open the ports of the first.
    if (ALIVE.has(record.state)) return starting;
    currentGeneration = {};
    starting = begin(currentGeneration);
    return starting;
  }

  async function begin(generation: object): Promise<void> {
    try {
      setState("resolving");
      try {
        found ??= await findProgram(component, context, (pid) =>
          setState("resolving", { process: identify(pid ?? 0) }),
        );
      } finally {
        startReadyTimer(generation);
      }
      if (!found) return skip((program.kind === "binary" && program.optional) || "not available");
      if (currentGeneration === generation) await run(generation, `${found.version}, ${found.source}`);
    } catch (error) {
      if (currentGeneration === generation && !signal.aborted) await giveUp(messageOf(error));
      throw error;
    }
  }

  /** Gives the component some time to become ready before Prometheus scrapes it and an alert can fire. */
  function startReadyTimer(generation: object): void {
    clearTimeout(readyTimer);
    if (currentGeneration === generation && !signal.aborted)
      readyTimer = setTimeout(() => context.targets.add(component), context.scrapeAfterMs).unref();
  }

  function skip(text: string): void {
    clearTimeout(readyTimer);
    setState("skipped", { reason: text });
    report({ type: "skipped", component: name, text });
  }

  /** Starts the process; once it is ready, watches it. */
  async function run(generation: object, detail: string): Promise<void> {
    if (!found) return;
    const { version, source } = found;
    const seconds = await launch(component, found, context, (child) => {
      running = child;
      const { pid, startTime, command, startedAt } = child;
      setState("starting", { process: { pid, startTime }, command, version, source, startedAt });
    });
    if (currentGeneration !== generation) return;
    setState("ready");
    clearTimeout(readyTimer);
    context.targets.add(component);
    const mustKill = context.hasPendingKill(name);
    if (!mustKill) report({ type: "ready", component: name, seconds, detail });
    void running?.exited.then(({ how }) => restart(generation, `${name} died: ${how}.`));
    if (mustKill) kill("SIGKILL");
  }

  const { max, withinMs } = context.restartPolicy;
  const restarts = createRestartBackoff(context.restartPolicy);

  /** After an unexpected end: restarts the component, as often as the policy allows. */
  async function restart(generation: object, what: string): Promise<void> {
    if (currentGeneration !== generation || signal.aborted || !running) return;
    if (context.hasPendingKill(name)) return await restartKilled(generation);
    const died = failureOf(running, what).message;
    const waitMs = restarts.next();
    if (waitMs === undefined)
      return await giveUp(`${died}\n  Reached ${max} restarts in ${withinMs / 1000} s; not restarting it.`);
    setState("restarting", { reason: died, restarts: record.restarts + 1 });
    report({ type: "died", component: name, message: `${died}\n  Restarting it in ${waitMs / 1000} s.` });
    await delay(waitMs, undefined, { signal }).catch(() => {});
    await runAgain(generation);
  }

  /** Starts a component again that a fault killed. The restart policy does not count these restarts. */
  async function restartKilled(generation: object): Promise<void> {
    const died = `${name} was killed by a fault that \`npx lab break\` set.`;
    if (record.reason !== died) report({ type: "died", component: name, message: died });
    setState("restarting", { reason: died, restarts: record.restarts + 1 });
    const waits = () => context.hasPendingKill(name) && !signal.aborted;
    for (let waited = 0; waited < KILLED_PAUSE_MS && waits(); waited += KILLED_POLL_MS)
      await delay(KILLED_POLL_MS, undefined, { signal }).catch(() => {});
    await runAgain(generation);
  }

  async function runAgain(generation: object): Promise<void> {
    if (currentGeneration !== generation || signal.aborted) return;
    try {
      await run(generation, `restarted, ${record.restarts} so far`);
    } catch (error) {
      if (running) await terminate(running, { graceMs });
      await restart(generation, messageOf(error).split("\n")[0] ?? "");
    }
  }

  async function giveUp(reason: string): Promise<void> {
    currentGeneration = {};
    if (running) await terminate(running, { graceMs });
    setState("failed", { reason });
    report({ type: "failed", component: name, message: reason });
  }

  async function stop({ graceMs: grace = graceMs }: { graceMs?: number } = {}): Promise<void> {
    currentGeneration = {};
    clearTimeout(readyTimer);
    if (running) await terminateAndReport(running, grace);
    await starting.catch(() => {}); // its helper processes have ended too
    setState("stopped");
    if (signal.aborted) removeRecord(stateFolder, name);
  }

  function kill(which: NodeJS.Signals): void {
    if (running) sendSignal(running, which);
  }

  async function terminateAndReport(child: RunningProcess, grace: number): Promise<void> {
    const began = Date.now();
    const ending = await terminate(child, { graceMs: grace });
    if (ending === "had ended") return;
    const text = {
      stopped: `stopped in ${((Date.now() - began) / 1000).toFixed(1)} s`,
      killed: grace > 0 ? `ignored SIGTERM and was killed after ${grace / 1000} s` : "killed",
      survived: `still runs after SIGKILL (pid ${child.pid})`,
    }[ending];
    report({ type: "stopped", component: name, text });
  }

  return {
    component,
    record: () => record,
    start,
    stop,
    kill,
  };
}

/** Counts the restarts of one component. */
export function createRestartBackoff({ max, withinMs, firstDelayMs, maxDelayMs }: RestartPolicy) {
  let recent: number[] = [];
  return {
    /** Returns the milliseconds to wait before the next restart, or undefined after too many. */
    next(now = Date.now()): number | undefined {
      recent = recent.filter((time) => now - time < withinMs);
      if (recent.length >= max) return undefined;
      recent.push(now);
      return Math.min(firstDelayMs * 2 ** (recent.length - 1), maxDelayMs);
    },
  };
}

/**
 * Starts a component's process and waits until it is ready.
 * @param started is called when the process exists.
 * @returns the start-up time in seconds.
 * @throws LabError with the command and the end of its log if it dies first or is not ready in time.
 */
async function launch(
  component: Component,
  program: Resolved,
  context: StackContext,
  started: (child: RunningProcess) => void,
): Promise<number> {
  const { name, dependenciesUp, deadlineMs = DEADLINE_MS } = component;
  const { signal } = context;
  signal.throwIfAborted();
  const url = component.readyUrl?.({ ports: portsOf(component, context.ports) });
  const child = spawnProcess(commandOf(component, program, context));
  started(child);
  const outcome = await waitUntilReady(child, { url, dependenciesUp, deadlineMs, signal });
  switch (outcome.type) {
    case "ready":
      return (Date.now() - child.startedAt) / 1000;
    case "died":
      throw failureOf(
        child,
        `${name} died before it was ready: ${outcome.how} after ${inSeconds(outcome.ranMs)}.`,
        program,
      );
    case "late":
      throw failureOf(
        child,
        `${name} was not ready after ${inSeconds(deadlineMs)}: ${url} → ${outcome.lastResponse}`,
      );
  }
}

/**
 * Returns the error of a process that failed: what happened, its command, the end of its log. A cached program that
 * dies at its start without any output is most likely damaged.
 */
function failureOf({ command, log, logOffset }: RunningProcess, what: string, program?: Resolved): LabError {
  const tail = tailOf(log, TAIL_LINES, logOffset);
  const damaged = program?.source === "cache" && tail.length === 0;
  const fix = damaged
    ? `the file may be damaged: rm '${program.path}', then start again to download or build it`
    : undefined;
  return new LabError(failureMessage({ what, command, log, tail, fix }));
}

const inSeconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/**
 * Returns the program of a component: the Node that runs the lab for our own programs; otherwise a binary, which may
 * have to be downloaded or built first.
 * @param onHelperProcess receives the pid of a long-running helper process, and undefined when that has ended.
 * @returns undefined if an optional program cannot be obtained.
 */
async function findProgram(
  { name, program, build }: Component,
  { environment, report, ...context }: StackContext,
  onHelperProcess: (pid: number | undefined) => void,
): Promise<Resolved | undefined> {
  const { cache, paths, proxy } = environment;
  let obtained: WorkProgress | undefined;
  const progress: Progress = (text, work) => {
    obtained = work ?? obtained;
    report({ type: "progress", component: name, text, ...(work && { work }) });
  };
  const reportObtained = () => {
    if (obtained) progress("starting", { ...obtained, done: 1 });
  };
  if (program.kind === "binary") {
    const found = await resolveBinary(name, program, {
      ...context,
      paths,
      cache,
      proxy,
      progress,
      onHelperProcess,
    });
    if (found) reportObtained();
    return found;
  }
  await build?.({ ...context, cache, progress, onHelperProcess }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    report({ type: "note", text: messageOf(error) });
  });
  reportObtained();
  return { path: process.execPath, version: program.version, source: "repository" };
}

/** Returns the command of a component's process. Also creates its data folder and the files that it expects there. */
export function commandOf(component: Component, { path, version }: Resolved, context: StackContext): Command {
  const { root, stateFolder, instances, hosts, environment, overrides, faultToken, tokenIssuer } = context;
  const data = join(stateFolder, `${component.name}-${version}`);
  const { sloProfile, grafanaPassword } = environment;
  const input: ComponentContext = {
    root,
    stateFolder,
    data,
    ports: portsOf(component, context.ports),
    ...(instances && { instances }),
    hosts: hosts?.addresses,
    sloProfile,
    faultToken,
    tokenIssuer,
    grafanaPassword,
    program: path,
  };
  if (component.program.kind === "binary") mkdirSync(data, { recursive: true });
  component.prepare?.(input);
  const command: Command = {
    file: path,
    args: component.args(input),
    cwd: component.cwd?.(input) ?? root,
    log: logFile(stateFolder, component.name),
    env: {
      ...environment.basic,
      ...(component.program.kind === "node" && {
        PATH: [dirname(process.execPath), environment.basic.PATH].join(":"),
        NODE_COMPILE_CACHE: join(environment.cache, "node"),
        ...NODE_MALLOC,
      }),
      ...component.env?.(input),
      ...(component.telemetry && {
        ...unsetStackCa(environment.telemetry),
        ...environment.telemetry,
        ...environment.serviceSettings,
      }),
      ...environment.settings[component.name],
      ...overrides[component.name],
    },
  };
  return hosts && component.host ? hosts.commandOn(component.host, command) : command;
}

/**
 * Unsets the CA of the stack (empty means unset) for receivers that the user has set: another CA issues their
 * certificates.
 */
const unsetStackCa = (telemetry: Environment["telemetry"]): Record<string, string> => ({
  ...((telemetry.OTEL_EXPORTER_OTLP_ENDPOINT || telemetry.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) && {
    OTEL_EXPORTER_OTLP_CERTIFICATE: "",
  }),
  ...(telemetry.LOKI_URL && { LOKI_CERTIFICATE: "" }),
});
