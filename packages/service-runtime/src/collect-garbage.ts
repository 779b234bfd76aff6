import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Time from the start to the first collection; by then the first requests are answered. */
const SETTLED_MS = 5_000;
const CHECK_MS = 60_000;
/** A process that was busy for less than this share of a minute is at rest. */
const AT_REST = 0.05;

/**
 * Collects garbage soon after a start, and after each minute at rest. V8 enlarges its space for new objects for a start or
 * a burst of requests, and an idle process may keep these up to 64 MB for hours. The space grows again under load, so
 * requests cost no more CPU time, as they would with a fixed limit. Each collection takes about 30 ms.
 */
export function collectGarbageAtRest(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: { type: "major"; flavor: "last-resort" }) => void;
  let last = performance.eventLoopUtilization();
  const collect = () => {
    gc({ type: "major", flavor: "last-resort" }); // the only flavor that returns the memory at once
    last = performance.eventLoopUtilization();
  };
  setTimeout(collect, SETTLED_MS).unref();
  setInterval(() => {
    if (performance.eventLoopUtilization(last).utilization < AT_REST) collect();
    else last = performance.eventLoopUtilization();
  }, CHECK_MS).unref();
}
