// Preloaded into the entry that replaces bootstrap.mjs: sends it SIGTERM if npm is killed. That sends no signal itself,
// but the process then has another parent. Plain JavaScript, because bootstrap.mjs imports it too.
import { isMainThread } from "node:worker_threads";

const POLL_MS = 500;

/** Calls `ended` when this process gets another parent than `parent`. */
export function onParentEnd(parent, ended) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    ended();
  }, POLL_MS);
  watch.unref();
}

// A worker thread and a forked process inherit the preload. They have another parent, and end by other means.
const npm = Number(new URL(import.meta.url).searchParams.get("npm"));
if (isMainThread && process.ppid === npm) onParentEnd(npm, () => process.kill(process.pid, "SIGTERM"));
