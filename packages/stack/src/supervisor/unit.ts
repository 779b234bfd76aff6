import { setTimeout as delay } from "node:timers/promises";
import type { Component } from "../components/component.ts";
import { identify } from "../programs/process-info.ts";
import type { Resolved } from "../programs/program.ts";
import { messageOf } from "../terminal/failure.ts";
import { failureOf, findProgram, launch, type Scene } from "./launch.ts";
import { type RunningProcess, send, terminate } from "./process.ts";
import { type ComponentRecord, removeRecord, type State, writeRecord } from "./records.ts";
import { createRestarts } from "./restart-policy.ts";

const GRACE_MS = 10_000;
/** Pause before a component that a fault killed starts again, and how often the end of the fault is checked. */
const KILLED_PAUSE_MS = 2000;
const KILLED_POLL_MS = 100;
const ALIVE: ReadonlySet<State> = new Set(["resolving", "starting", "ready", "restarting"]);

export interface Unit {
  readonly component: Component;
  readonly record: () => ComponentRecord;
  /** Gets the program if need be, starts it, and resolves when it is ready or skipped. Throws a LabError otherwise. */
  readonly start: () => Promise<void>;
  /** Stops it; nothing restarts it until `start` is called again. */
  readonly stop: (options?: { graceMs?: number }) => Promise<void>;
  /** Sends a signal, as a stranger would: what follows is the restart policy's affair. */
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** One component under supervision: found, started, watched, started again when it dies, stopped. */
export function createUnit(component: Component, scene: Scene): Unit {
  const { name, stage, program, graceMs = GRACE_MS } = component;
  const { state, ports, report, signal } = scene;
  const readyUrl = component.readyUrl?.({ ports });
  let found: Resolved | undefined;
  let running: RunningProcess | undefined;
  let starting: Promise<void> = Promise.resolve();
  let overdue: NodeJS.Timeout | undefined;
  /** A new one for each start and stop: whoever holds a former one has nothing to say any more. */
  let term = {};
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
    // A second process would fight the first for its ports.
    if (ALIVE.has(record.state)) return starting;
    term = {};
    starting = begin(term);
    return starting;
  }

  async function begin(mine: object): Promise<void> {
    try {
      note("resolving");
      try {
        found ??= await findProgram(component, scene, (pid) =>
          note("resolving", { process: identify(pid ?? 0) }),
        );
      } finally {
        allowTime(mine);
      }
      if (!found) return skip((program.kind === "binary" && program.optional) || "not available");
      if (term === mine) await run(mine, `${found.version}, ${found.source}`);
    } catch (error) {
      if (term === mine && !signal.aborted) await giveUp(messageOf(error));
      throw error;
    }
  }

  /** The component has some time to get ready before Prometheus scrapes it and an alert can fire. */
  function allowTime(mine: object): void {
    clearTimeout(overdue);
    if (term === mine && !signal.aborted)
      overdue = setTimeout(() => scene.targets.add(component), scene.targetAfterMs).unref();
  }

  function skip(text: string): void {
    clearTimeout(overdue);
    note("skipped", { reason: text });
    report({ type: "skipped", component: name, text });
  }

  /** Starts the process; once it is ready, watches it. */
  async function run(mine: object, detail: string): Promise<void> {
    if (!found) return;
    const { version, source } = found;
    const seconds = await launch(component, found, scene, (child) => {
      running = child;
      const { pid, startTime, command, startedAt } = child;
      note("starting", { process: { pid, startTime }, command, version, source, startedAt });
    });
    if (term !== mine) return;
    note("ready");
    clearTimeout(overdue);
    scene.targets.add(component);
    const killed = scene.hasPendingKill(name);
    if (!killed) report({ type: "ready", component: name, seconds, detail });
    void running?.exited.then(({ how }) => restart(mine, `${name} died: ${how}.`));
    if (killed) kill("SIGKILL");
  }

  const restarts = createRestarts(scene.restartPolicy);

  /** After an end that nobody asked for: starts the component again, as often as the policy allows. */
  async function restart(mine: object, what: string): Promise<void> {
    if (term !== mine || signal.aborted || !running) return;
    if (scene.hasPendingKill(name)) return await restartKilled(mine);
    const died = failureOf(running, what).message;
    const waitMs = restarts.next();
    if (waitMs === undefined) return await giveUp(`${died}\n  It has died too often and is not restarted.`);
    note("restarting", { reason: died, restarts: record.restarts + 1 });
    report({ type: "died", component: name, message: `${died}\n  Restarting it in ${waitMs / 1000} s.` });
    await delay(waitMs, undefined, { signal }).catch(() => {});
    await again(mine);
  }

  /** Starts a component again that a fault killed. The restart policy does not count these restarts. */
  async function restartKilled(mine: object): Promise<void> {
    const died = `${name} was killed: a fault that \`lab break\` set.`;
    if (record.reason !== died) report({ type: "died", component: name, message: died });
    note("restarting", { reason: died, restarts: record.restarts + 1 });
    const waits = () => scene.hasPendingKill(name) && !signal.aborted;
    for (let waited = 0; waited < KILLED_PAUSE_MS && waits(); waited += KILLED_POLL_MS)
      await delay(KILLED_POLL_MS, undefined, { signal }).catch(() => {});
    await again(mine);
  }

  async function again(mine: object): Promise<void> {
    if (term !== mine || signal.aborted) return;
    try {
      await run(mine, `restarted, ${record.restarts} so far`);
    } catch (error) {
      if (running) await terminate(running, { graceMs });
      await restart(mine, messageOf(error).split("\n")[0] ?? "");
    }
  }

  async function giveUp(reason: string): Promise<void> {
    term = {};
    if (running) await terminate(running, { graceMs });
    note("failed", { reason });
    report({ type: "failed", component: name, message: reason });
  }

  async function stop({ graceMs: grace = graceMs }: { graceMs?: number } = {}): Promise<void> {
    term = {};
    clearTimeout(overdue);
    if (running) await terminateAndTell(running, grace);
    await starting.catch(() => {}); // until its helpers are gone too
    note("stopped");
    if (signal.aborted) removeRecord(state, name);
  }

  function kill(which: NodeJS.Signals): void {
    if (running) send(running, which);
  }

  async function terminateAndTell(child: RunningProcess, grace: number): Promise<void> {
    const began = Date.now();
    const ending = await terminate(child, { graceMs: grace });
    if (ending === "was gone") return;
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
