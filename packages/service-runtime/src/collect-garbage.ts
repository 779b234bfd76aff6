import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { returnMemory } from "@lgtm-lab/telemetry/return-memory";

/** Time from the start to the first collection; by then the first requests are answered. */
const SETTLED_MS = 5_000;
/** The process must be at rest for this long before the first collection. */
const IDLE_MS = 1_000;
const CHECK_MS = 60_000;
/** A process that was busy for less than this share of the time is at rest. */
const AT_REST = 0.05;
/** A collection is worth its pause when the heap has grown by this since the last one. */
const WORTH_BYTES = 6 * 2 ** 20;

/**
 * Collects garbage soon after a start if the process is at rest, in the first minute at rest, and in each later one if
 * the heap has grown by 6 MB. A collection after half a minute also frees the code that only the start needed, which V8
 * keeps until then. V8 enlarges its space for new objects for a start or a burst of requests, and an idle process may
 * keep these up to 64 MB for hours. The space grows again under load, so unlike with a fixed limit, requests cost no
 * extra CPU time. A collection blocks the process for about 30 ms on an idle machine, and for longer on a busy one.
 */
export function collectGarbageAtRest(): void {
  let last = performance.eventLoopUtilization();
  let collections = 0;
  let collectedBytes = 0;
  const isWorthIt = () =>
    collections < 2 || getHeapStatistics().total_heap_size - collectedBytes > WORTH_BYTES;
  const collect = () => {
    collections += 1;
    returnMemory();
    collectedBytes = getHeapStatistics().total_heap_size;
    last = performance.eventLoopUtilization();
  };
  const isAtRest = () => performance.eventLoopUtilization(last).utilization < AT_REST;
  setTimeout(() => {
    last = performance.eventLoopUtilization();
    setTimeout(() => {
      if (isAtRest()) collect();
    }, IDLE_MS).unref();
  }, SETTLED_MS - IDLE_MS).unref();
  setInterval(() => {
    if (isAtRest() && isWorthIt()) collect();
    else last = performance.eventLoopUtilization();
  }, CHECK_MS).unref();
}
