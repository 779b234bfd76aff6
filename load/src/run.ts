import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Protocol } from "@lgtm-lab/contracts/services";
import writeFileAtomic from "write-file-atomic";
import { type K6Host, startK6 } from "./k6.ts";
import { type StepPlan, secondsLeft } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { recovery } from "./recovery.ts";
import { type LoadResult, type LoadStep, toStored } from "./result.ts";
import { type Counters, cpuPerRequest, droppedBetween, readServices } from "./services.ts";
import type { LiveCounts } from "./summary.ts";

const POLL_MS = 1000;
/** How long the gateway may need until it responds as usual again. A user who stops the load does not want to wait. */
const RECOVERY_MS = 60_000;
const RECOVERY_AFTER_STOP_MS = 10_000;

/** The system under test, and the tools. */
export interface LoadOptions {
  /** The path of k6. */
  readonly k6: string;
  /** The environment of k6. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns an access token for the requests of a step; undefined if the gateways require none. */
  readonly token: () => Promise<string | undefined>;
  /** The host on which k6 runs; by default this machine. */
  readonly host?: K6Host | undefined;
  /** The gateway of each protocol: its name, and its URL for this machine and for k6. */
  readonly gateways: Readonly<
    Record<Protocol, { readonly name: string; readonly url: string; readonly urlForK6: string }>
  >;
  /** The URLs of all services, by name; the gateways are among them. */
  readonly services: Readonly<Record<string, string>>;
  /** The URL to which k6 writes its metrics (remote write). */
  readonly remoteWrite: string;
  /** Reads a /metrics page. */
  readonly readCounters: (url: string) => Promise<Counters>;
  /** The folder for the result. */
  readonly folder: string;
  readonly steps: readonly StepPlan[];
  readonly about: Pick<LoadResult, "startedAt" | "profile" | "machine" | "hosts">;
  /** Stops the load early. The measured part is kept. */
  readonly stop: AbortSignal;
  /** Kills k6. */
  readonly kill: AbortSignal;
  /** Called at least every second. */
  readonly onProgress: (progress: Progress) => void;
  /** Called after each step. */
  readonly onStep: (step: LoadStep) => void;
}

/**
 * Runs the steps one after another. Writes `result.json` after each, so that a stop or a crash loses only the current
 * one. Rejects if k6 fails.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { steps: plan, stop, about } = options;
  await mkdir(options.folder, { recursive: true });
  const steps: LoadStep[] = [];
  let recoveredAfterS: number | undefined;
  const result = (): LoadResult => ({
    version: 1,
    startedAt: about.startedAt,
    endedAt: new Date().toISOString(),
    profile: about.profile,
    stoppedEarly: steps.filter(({ complete }) => complete).length < plan.length,
    machine: about.machine,
    ...(about.hosts !== undefined && { hosts: about.hosts }),
    steps,
    ...(recoveredAfterS !== undefined && { recoveredAfterS }),
  });
  for (const [index] of plan.entries()) {
    if (stop.aborted) break;
    const outcome = await runStep(index, options);
    recoveredAfterS = outcome.recoveredAfterS;
    if (outcome.step) {
      steps.push(outcome.step);
      options.onStep(outcome.step);
    }
    await writeFileAtomic(
      join(options.folder, "result.json"),
      `${JSON.stringify(toStored(result()), undefined, 2)}\n`,
    );
  }
  return result();
}

interface Outcome {
  /** Undefined if it was stopped before the measurement. */
  readonly step: LoadStep | undefined;
  readonly recoveredAfterS: number | undefined;
}

async function runStep(index: number, options: LoadOptions): Promise<Outcome> {
  const { folder, steps, stop, kill, onProgress } = options;
  const plan = steps[index] as StepPlan;
  const gateway = options.gateways[plan.protocol];
  const read = () => readServices(options.services, options.readCounters);
  const began = Date.now();
  const before = await read();
  const token = await options.token();
  const k6 = await startK6(plan, {
    program: options.k6,
    host: options.host,
    env: options.env,
    gateway: gateway.urlForK6,
    token,
    remoteWrite: options.remoteWrite,
    testId: options.about.startedAt,
    summaryFile: join(folder, `k6-${index + 1}-${plan.protocol}-${plan.users}.json`),
    logFile: join(folder, "k6.log"),
  });
  stop.addEventListener("abort", k6.stop);
  kill.addEventListener("abort", k6.kill);
  if (stop.aborted) k6.stop();
  const ended = new AbortController();
  void k6.ended.catch(() => {}).finally(() => ended.abort());
  const over = AbortSignal.any([stop, ended.signal]);

  let phase: Progress["phase"] = "starting";
  let measuredFrom: number | undefined;
  const report = (live?: LiveCounts) =>
    onProgress({
      ...plan,
      step: index + 1,
      steps: steps.length,
      phase,
      ...(live && measuredFrom && { live, measuredS: (Date.now() - measuredFrom) / 1000 }),
      leftS: secondsLeft(steps.slice(index), (Date.now() - began) / 1000),
    });

  /** Reads the counters of the services before and after the measurement. Returns undefined if nothing was measured. */
  async function measure() {
    const startedAt = await k6.started;
    if (startedAt === undefined) return undefined;
    phase = "warming up";
    const from = startedAt + plan.warmUpS * 1000;
    if (!(await until(from, over))) return undefined;
    phase = "measuring";
    measuredFrom = from;
    const first = await read();
    const complete = await until(from + plan.seconds * 1000, over);
    phase = "finishing";
    const endedAt = complete ? from + plan.seconds * 1000 : Date.now();
    const recovered = recovery(
      { gateway: gateway.url, token },
      endedAt,
      stop.aborted ? RECOVERY_AFTER_STOP_MS : RECOVERY_MS,
    );
    return { from, endedAt, complete, first, last: await read(), recovered };
  }

  const watched = new AbortController();
  const watching = watch(async () => report(await k6.live()), watched.signal);
  report();
  try {
    const [measured, counts] = await Promise.all([measure(), k6.ended]);
    if (!measured || !counts) return { step: undefined, recoveredAfterS: undefined };
    const { first, last, complete } = measured;
    const recoveredAfterS = await measured.recovered;
    const after = await read();
    const step: LoadStep = {
      protocol: plan.protocol,
      users: plan.users,
      seconds: (measured.endedAt - measured.from) / 1000,
      complete,
      ...counts,
      cpuUs: cpuPerRequest([gateway.name, ...internalServicesOf(options)], first, last, counts.requests),
      dropped: droppedBetween(before, after),
    };
    return { step, recoveredAfterS };
  } finally {
    watched.abort();
    await watching;
    stop.removeEventListener("abort", k6.stop);
    kill.removeEventListener("abort", k6.kill);
  }
}

/** Returns the names of the services behind the gateways. */
function internalServicesOf({ services, gateways }: LoadOptions): string[] {
  const gatewayNames = new Set(Object.values(gateways).map(({ name }) => name));
  return Object.keys(services).filter((name) => !gatewayNames.has(name));
}

/** Waits until a time. Returns false if the signal aborts before. */
async function until(time: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(Math.max(0, time - Date.now()), undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

/** Repeats a task until the signal aborts. */
async function watch(task: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (await until(Date.now() + POLL_MS, signal)) await task();
}
