import { collectGarbageAtRest } from "@lgtm-lab/service-runtime/collect-garbage";
import { traffic } from "../components/traffic.ts";
import type { Environment } from "../env.ts";
import type { Report } from "../report/events.ts";
import { createStack } from "../stack.ts";
import { onStopSignals } from "../terminate/stop-signals.ts";

const HURRY_MS = 0;
const INTERRUPTED = 130;

export interface RunOptions {
  readonly environment: Environment;
  readonly mode: "foreground" | "detached";
  readonly withTraffic: boolean;
  readonly report: Report;
  /** Everything is ready, or has failed. */
  readonly onStarted: (outcome: { failed: readonly string[]; grafana: boolean }) => Promise<void>;
  /** A signal has come: everything is about to be stopped. */
  readonly onStopping: () => void;
}

/**
 * Runs a stack until a signal ends it.
 * @returns the exit code: 0 after a stop of a stack in which nothing had failed.
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
  if (withTraffic) await stack.add(traffic(environment.trafficRps)).catch(() => {}); // told by its own event
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
