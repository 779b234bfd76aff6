import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects all garbage of this thread and returns the memory to the system at once. It blocks the thread for about
 * 30 ms.
 */
export function returnMemory(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: { type: "major"; flavor: "last-resort" }) => void;
  // Keeps an object of Node's queue of ticks alive. V8 also frees the hidden classes that no object has, and adds the
  // computed properties of these objects in its slowest way from then on: each process.nextTick() would take about ten
  // times as long until the process ends, and a request needs dozens of them.
  process.nextTick(() => {});
  gc({ type: "major", flavor: "last-resort" }); // the only flavor that returns the memory at once
}
