import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** After a start, until its garbage is collected: by then the first requests are answered. */
const SETTLED_MS = 5_000;
const CHECK_MS = 60_000;
/** A process that was at work for less than this part of a minute is at rest. */
const AT_REST = 0.05;

/**
 * Collects garbage soon after a start, and after each minute that the process spent at rest. V8 makes room for what a start
 * or a burst of requests allocates, and a process at rest may keep it for hours: up to 64 MB. The room grows again under
 * load, so that no request costs more, as it would with a limit; each collection takes some 30 ms.
 */
export function collectGarbageAtRest(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: { type: "major"; flavor: "last-resort" }) => void;
  let last = performance.eventLoopUtilization();
  const collect = () => {
    gc({ type: "major", flavor: "last-resort" }); // the only flavor that gives the room back at once
    last = performance.eventLoopUtilization();
  };
  setTimeout(collect, SETTLED_MS).unref();
  setInterval(() => {
    if (performance.eventLoopUtilization(last).utilization < AT_REST) collect();
    else last = performance.eventLoopUtilization();
  }, CHECK_MS).unref();
}
