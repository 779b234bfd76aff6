import assert from "node:assert/strict";
import { test } from "vitest";
import { amount, countdown, elapsed } from "../app/format.ts";
import { path, rangeOf, roundUp, spread, ticks } from "./scale.ts";

test("the range follows the time until all is over, and then stays", () => {
  const milestones = [{ stage: "start" as const, at: 100_000, after: undefined }];
  assert.deepEqual(rangeOf({ milestones, complete: false }, 101_000), [85_000, 145_000]);
  assert.deepEqual(rangeOf({ milestones, complete: false }, 200_000), [85_000, 202_000]);
  const over = [...milestones, { stage: "resolved" as const, at: 190_000, after: 1 }];
  assert.deepEqual(rangeOf({ milestones: over, complete: true }, 900_000), [85_000, 198_000]);
});

test("ticks count from the fault's start", () => {
  assert.deepEqual(ticks([85_000, 145_000], 100_000, 5), [85_000, 100_000, 115_000, 130_000, 145_000]);
  assert.ok(ticks([0, 3_600_000], 0, 6).length <= 7);
});

test("markers keep apart, in order and within bounds", () => {
  assert.deepEqual(spread([10, 12, 100], 20, [0, 200]), [10, 30, 100]);
  assert.deepEqual(spread([190, 195, 199], 20, [0, 200]), [160, 180, 200]);
  assert.deepEqual(spread([], 20, [0, 200]), []);
});

test("an axis ends at a round number", () => {
  assert.deepEqual([0, Number.NaN, 0.43, 1, 17, 450].map(roundUp), [1, 1, 0.5, 1, 20, 500]);
});

test("a line has gaps where there is nothing", () => {
  const same = (value: number) => value;
  assert.equal(
    path(
      [
        [1, 1],
        [2, Number.NaN],
        [3, 3],
        [4, 4],
      ],
      same,
      same,
    ),
    "M1.0,1.0M3.0,3.0L4.0,4.0",
  );
});

test("times in words", () => {
  assert.deepEqual([-5, 250, 3800, 9960, 42_000, 65_000, 3_599_600, 7_800_000, 300_000_000].map(elapsed), [
    "0 s",
    "250 ms",
    "3.8 s",
    "10 s",
    "42 s",
    "1 min 5 s",
    "1 h",
    "2 h 10 min",
    "3 d 11 h",
  ]);
  assert.deepEqual([-1, 1, 65_000].map(countdown), ["0:00", "0:01", "1:05"]);
  assert.deepEqual(
    [
      amount(0.012, "seconds"),
      amount(1.3, "seconds"),
      amount(129_600, "seconds"),
      amount(0.042, "share"),
      amount(1, "share"),
      amount(14.4, "rate"),
    ],
    ["12 ms", "1.3 s", "1 d 12 h", "4.2 %", "100 %", "14.4"],
  );
});
