import assert from "node:assert/strict";
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from "node:perf_hooks";
import { test } from "node:test";
import { getHeapSpaceStatistics } from "node:v8";
import { collectGarbageAtRest } from "./collect-garbage.ts";

/** Bytes that V8 has reserved for new objects. */
const newSpace = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;

const LARGE = 8 * 2 ** 20;

/**
 * Allocates like a start, until V8 has enlarged the space: many objects that survive several collections of new
 * objects.
 */
function startUp(): void {
  for (let round = 0; round < 500 && newSpace() < LARGE; round += 1)
    Array.from({ length: 100_000 }, (_, index) => ({ index }));
}

/** Keeps the event loop busy, without allocating anything. */
function work(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** Waits without work for the event loop. */
const rest = (milliseconds: number) =>
  Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds).value;

test("memory is returned after the start and at rest if there is any to return, but not under load", async (context) => {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    const kinds = list
      .getEntries()
      .map((entry) => (entry as { detail?: NodeGCPerformanceDetail }).detail?.kind);
    collections += kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
  });
  observer.observe({ entryTypes: ["gc"] });
  context.after(() => observer.disconnect());
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  await rest(1); // the event loop runs from here on
  startUp();
  const large = newSpace();
  assert.ok(large >= LARGE, `only ${large} bytes: there is nothing to return`);
  collectGarbageAtRest();
  assert.equal(newSpace(), large);
  context.mock.timers.tick(4_000);
  await rest(500);
  context.mock.timers.tick(1_000);
  assert.ok(newSpace() < large / 4, `after the start: ${newSpace()} of ${large} bytes`);
  await rest(50); // until the observer is notified
  const atStart = collections;
  assert.ok(atStart > 0);

  await rest(500);
  context.mock.timers.tick(55_000);
  await rest(50);
  const atRest = collections;
  assert.ok(atRest > atStart, "the code of the start was not freed in the first minute at rest");

  await rest(500);
  context.mock.timers.tick(60_000);
  await rest(50);
  assert.equal(collections, atRest, "garbage was collected, but the heap had not grown");

  startUp();
  assert.ok(newSpace() >= LARGE);
  await rest(50);
  const afterBurst = collections;
  work(500);
  context.mock.timers.tick(60_000);
  await rest(50);
  assert.equal(collections, afterBurst, "garbage was collected under load");
  await rest(500);
  context.mock.timers.tick(60_000);
  await rest(50);
  assert.ok(collections > afterBurst, "garbage was not collected at rest");
  assert.ok(newSpace() < large / 4, `at rest: ${newSpace()} of ${large} bytes`);
});
