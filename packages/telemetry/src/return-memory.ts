import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects all garbage of this thread and returns the memory to the system at once. It blocks the thread for about
 * 30 ms.
 */
export function returnMemory(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: { type: "major"; flavor: "last-resort" }) => void;
  // Keeps one object of Node's tick queue alive. Otherwise V8 frees its hidden class, and then creates such objects in its
  // slowest way: each process.nextTick() takes about ten times as long until the process ends, and a request needs dozens.
  process.nextTick(() => {});
  gc({ type: "major", flavor: "last-resort" }); // the only flavor that returns the memory at once
}
