// Preloaded into the entry that replaces bootstrap.mjs. A killed npm sends no signal to its child, but the child gets
// another parent: then this module sends SIGTERM to the process. Plain JavaScript, because bootstrap.mjs imports it too.
import { isMainThread } from "node:worker_threads";

const POLL_MS = 500;

/** Calls `onEnd` when this process gets another parent than `parent`. */
export function onParentEnd(parent, onEnd) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onEnd();
  }, POLL_MS);
  watch.unref();
}

// Worker threads and forked processes inherit the preload, but end with this process and need not watch npm:
// isMainThread excludes the former, the different parent the latter.
const npm = Number(new URL(import.meta.url).searchParams.get("npm"));
if (isMainThread && process.ppid === npm) onParentEnd(npm, () => process.kill(process.pid, "SIGTERM"));
