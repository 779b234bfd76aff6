import { collectGarbageAtRest } from "@lgtm-lab/service-runtime/collect-garbage";
import { traffic } from "../components/services.ts";
import type { Environment } from "../env.ts";
import { createStack } from "../supervisor/stack.ts";
import type { Report } from "../terminal/events.ts";

const HURRY_MS = 0;
const INTERRUPTED = 130;

export interface RunOptions {
  readonly environment: Environment;
  readonly mode: "foreground" | "detached";
  readonly withTraffic: boolean;
  readonly report: Report;
  /** Called when everything is ready or has failed. */
  readonly onStarted: (outcome: { failed: readonly string[]; grafana: boolean }) => Promise<void>;
  /** Called after a signal, before everything is stopped. */
  readonly onStopping: () => void;
}

/**
 * Runs a stack until a signal ends it.
 * @returns the exit code: 0 if no component had failed when the stack was stopped.
 */
export async function runStack(options: RunOptions): Promise<number> {
  const { environment, mode, withTraffic, report } = options;
  const stack = await createStack({ environment, mode, report });
  const stopped = Promise.withResolvers<void>();
  onStopSignals({
    orphaned: mode === "foreground",
    stop: () => {
      options.onStopping();
      stack.down().then(stopped.resolve, stopped.reject);
    },
    stopNow: () => void stack.down({ graceMs: HURRY_MS }),
  });
  const started = await Promise.race([stack.start(), stopped.promise]).catch(() => undefined);
  if (!started) {
    await stopped.promise;
    return INTERRUPTED;
  }
  if (withTraffic) await stack.add(traffic(environment.trafficRps)).catch(() => {}); // an event has reported it
  const state = (name: string) =>
    stack
      .units()
      .find((unit) => unit.component.name === name)
      ?.record().state;
  await options.onStarted({ failed: started.failed, grafana: state("grafana") === "ready" });
  collectGarbageAtRest();
  const healthy = () => stack.units().every((unit) => unit.record().state !== "failed");
  let wasHealthy = healthy();
  const watch = setInterval(() => {
    wasHealthy = healthy();
  }, 1000);
  await stopped.promise;
  clearInterval(watch);
  return wasHealthy ? 0 : 1;
}

/** A terminal, npm and the bootstrap may each forward the same Ctrl-C. Signals within this time count as one. */
const SAME_MS = 500;

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, and `stopNow` at each later one. With `orphaned`, the death of a
 * parent process that holds an IPC channel (the bootstrap) counts as a signal too.
 */
export function onStopSignals(options: { orphaned: boolean; stop: () => void; stopNow: () => void }): void {
  let first: number | undefined;
  const receive = () => {
    if (first === undefined) {
      first = Date.now();
      options.stop();
    } else if (Date.now() - first > SAME_MS) options.stopNow();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, receive);
  if (options.orphaned) process.on("disconnect", receive);
  process.channel?.unref();
}
