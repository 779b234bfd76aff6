import { setTimeout as delay } from "node:timers/promises";
import type { Component } from "../components/component.ts";
import type { TargetLists } from "../components/prometheus.ts";
import { identify } from "../programs/process-info.ts";
import type { Resolved } from "../programs/program.ts";
import { messageOf } from "../terminal/failure.ts";
import { failureOf, findProgram, type LaunchContext, launch } from "./launch.ts";
import { type RunningProcess, send, terminate } from "./process.ts";
import { type ComponentRecord, removeRecord, type State, writeRecord } from "./state-folder.ts";

const GRACE_MS = 10_000;
/** Pause before a component that a fault killed starts again, and how often the end of the fault is checked. */
const KILLED_PAUSE_MS = 2000;
const KILLED_POLL_MS = 100;
const ALIVE: ReadonlySet<State> = new Set(["resolving", "starting", "ready", "restarting"]);

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

/** The data that all components of one stack share. */
export interface StackContext extends LaunchContext {
  readonly restartPolicy: RestartPolicy;
  /** Whether the launcher kills a component at each start (the fault crash-b). */
  readonly hasPendingKill: (name: string) => boolean;
  /** The scrape targets of Prometheus. */
  readonly targets: TargetLists;
  /** Time after which a component that is not ready counts as down, in milliseconds since its program was available. */
  readonly targetAfterMs: number;
}

export interface Unit {
  readonly component: Component;
  readonly record: () => ComponentRecord;
  /** Obtains the program if necessary and starts it. Resolves when it is ready or skipped; otherwise throws a LabError. */
  readonly start: () => Promise<void>;
  /** Stops it; nothing restarts it until `start` is called again. */
  readonly stop: (options?: { graceMs?: number }) => Promise<void>;
  /** Sends a signal, as another program could. If the process dies, the restart policy applies. */
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Supervises one component: finds its program, starts it, watches it, restarts it when it dies, and stops it. */
export function createUnit(component: Component, context: StackContext): Unit {
  const { name, stage, program, graceMs = GRACE_MS } = component;
  const { state, ports, report, signal } = context;
  const readyUrl = component.readyUrl?.({ ports });
  let found: Resolved | undefined;
  let running: RunningProcess | undefined;
  let starting: Promise<void> = Promise.resolve();
  let overdue: NodeJS.Timeout | undefined;
  /** A new object for each start and stop. An asynchronous step that belongs to an earlier one ends without effect. */
  let generation = {};
  let record: ComponentRecord = {
    name,
    stage,
    state: "waiting",
    graceMs,
    ports: component.ports.map((variable) => ports[variable]),
    restarts: 0,
    ...(readyUrl && { readyUrl }),
  };

  function note(next: State, more: Partial<ComponentRecord> = {}): void {
    record = { ...record, state: next, ...more };
    writeRecord(state, record);
  }

  function start(): Promise<void> {
    // A second process could not open the ports of the first.
    if (ALIVE.has(record.state)) return starting;
    generation = {};
    starting = begin(generation);
    return starting;
  }

  async function begin(own: object): Promise<void> {
    try {
      note("resolving");
      try {
        found ??= await findProgram(component, context, (pid) =>
          note("resolving", { process: identify(pid ?? 0) }),
        );
      } finally {
        startReadyTimer(own);
      }
      if (!found) return skip((program.kind === "binary" && program.optional) || "not available");
      if (generation === own) await run(own, `${found.version}, ${found.source}`);
    } catch (error) {
      if (generation === own && !signal.aborted) await giveUp(messageOf(error));
      throw error;
    }
  }

  /** Gives the component some time to become ready before Prometheus scrapes it and an alert can fire. */
  function startReadyTimer(own: object): void {
    clearTimeout(overdue);
    if (generation === own && !signal.aborted)
      overdue = setTimeout(() => context.targets.add(component), context.targetAfterMs).unref();
  }

  function skip(text: string): void {
    clearTimeout(overdue);
    note("skipped", { reason: text });
    report({ type: "skipped", component: name, text });
  }

  /** Starts the process; once it is ready, watches it. */
  async function run(own: object, detail: string): Promise<void> {
    if (!found) return;
    const { version, source } = found;
    const seconds = await launch(component, found, context, (child) => {
      running = child;
      const { pid, startTime, command, startedAt } = child;
      note("starting", { process: { pid, startTime }, command, version, source, startedAt });
    });
    if (generation !== own) return;
    note("ready");
    clearTimeout(overdue);
    context.targets.add(component);
    const killed = context.hasPendingKill(name);
    if (!killed) report({ type: "ready", component: name, seconds, detail });
    void running?.exited.then(({ how }) => restart(own, `${name} died: ${how}.`));
    if (killed) kill("SIGKILL");
  }

  const restarts = createRestarts(context.restartPolicy);

  /** After an unexpected end: restarts the component, as often as the policy allows. */
  async function restart(own: object, what: string): Promise<void> {
    if (generation !== own || signal.aborted || !running) return;
    if (context.hasPendingKill(name)) return await restartKilled(own);
    const died = failureOf(running, what).message;
    const waitMs = restarts.next();
    if (waitMs === undefined) return await giveUp(`${died}\n  It has died too often and is not restarted.`);
    note("restarting", { reason: died, restarts: record.restarts + 1 });
    report({ type: "died", component: name, message: `${died}\n  Restarting it in ${waitMs / 1000} s.` });
    await delay(waitMs, undefined, { signal }).catch(() => {});
    await runAgain(own);
  }

  /** Starts a component again that a fault killed. The restart policy does not count these restarts. */
  async function restartKilled(own: object): Promise<void> {
    const died = `${name} was killed: a fault that \`lab break\` set.`;
    if (record.reason !== died) report({ type: "died", component: name, message: died });
    note("restarting", { reason: died, restarts: record.restarts + 1 });
    const waits = () => context.hasPendingKill(name) && !signal.aborted;
    for (let waited = 0; waited < KILLED_PAUSE_MS && waits(); waited += KILLED_POLL_MS)
      await delay(KILLED_POLL_MS, undefined, { signal }).catch(() => {});
    await runAgain(own);
  }

  async function runAgain(own: object): Promise<void> {
    if (generation !== own || signal.aborted) return;
    try {
      await run(own, `restarted, ${record.restarts} so far`);
    } catch (error) {
      if (running) await terminate(running, { graceMs });
      await restart(own, messageOf(error).split("\n")[0] ?? "");
    }
  }

  async function giveUp(reason: string): Promise<void> {
    generation = {};
    if (running) await terminate(running, { graceMs });
    note("failed", { reason });
    report({ type: "failed", component: name, message: reason });
  }

  async function stop({ graceMs: grace = graceMs }: { graceMs?: number } = {}): Promise<void> {
    generation = {};
    clearTimeout(overdue);
    if (running) await terminateAndReport(running, grace);
    await starting.catch(() => {}); // its helper processes have ended too
    note("stopped");
    if (signal.aborted) removeRecord(state, name);
  }

  function kill(which: NodeJS.Signals): void {
    if (running) send(running, which);
  }

  async function terminateAndReport(child: RunningProcess, grace: number): Promise<void> {
    const began = Date.now();
    const ending = await terminate(child, { graceMs: grace });
    if (ending === "had ended") return;
    const text = {
      stopped: `stopped in ${((Date.now() - began) / 1000).toFixed(1)} s`,
      killed: grace > 0 ? `ignored SIGTERM and was killed after ${grace / 1000} s` : "killed",
      survived: `survives even SIGKILL (pid ${child.pid})`,
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
export function createRestarts({ max, withinMs, firstDelayMs, maxDelayMs }: RestartPolicy) {
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
