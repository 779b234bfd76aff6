import assert from "node:assert/strict";
import { test } from "vitest";
import { duration } from "./format.ts";
import { roundUp, timeTicks } from "./ticks.ts";

test("ticks are round in the displayed unit", () => {
  assert.deepEqual(timeTicks([0, 5.8], 5), [0, 2, 4]);
  assert.deepEqual(timeTicks([0, 0], 5), [0]);
  assert.deepEqual(timeTicks([0, Number.NaN], 5), [0]);
  const words = (lengthMs: number, maxSteps = 4) =>
    timeTicks([0, lengthMs], maxSteps).map((tick) => duration(tick));
  assert.deepEqual(words(50_000), ["0 ms", "15 s", "30 s", "45 s"]);
  assert.deepEqual(words(7 * 60_000), ["0 ms", "2 min", "4 min", "6 min"]);
  assert.deepEqual(words(36 * 3_600_000), ["0 ms", "12 h", "1 d", "1 d 12 h"]);
  assert.deepEqual(words(7 * 86_400_000), ["0 ms", "2 d", "4 d", "6 d"]);
});

test("ticks count from the origin", () => {
  assert.deepEqual(timeTicks([85_000, 145_000], 5, 100_000), [85_000, 100_000, 115_000, 130_000, 145_000]);
  assert.ok(timeTicks([0, 3_600_000], 6).length <= 7);
});

test("an axis ends at a round number", () => {
  assert.deepEqual([0, Number.NaN, 0.43, 1, 17, 450].map(roundUp), [1, 1, 0.5, 1, 20, 500]);
});
