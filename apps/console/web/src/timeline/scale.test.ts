import assert from "node:assert/strict";
import { test } from "vitest";
import { path, rangeOf, spread } from "./scale.ts";

test("the range extends to the current time until the timeline is complete", () => {
  const milestones = [{ stage: "start" as const, at: 100_000, after: undefined }];
  assert.deepEqual(rangeOf({ milestones, complete: false }, 101_000), [85_000, 145_000]);
  assert.deepEqual(rangeOf({ milestones, complete: false }, 200_000), [85_000, 202_000]);
  const over = [...milestones, { stage: "resolved" as const, at: 190_000, after: 1 }];
  assert.deepEqual(rangeOf({ milestones: over, complete: true }, 900_000), [85_000, 198_000]);
});

test("markers do not overlap, and keep their order and bounds", () => {
  assert.deepEqual(spread([10, 12, 100], 20, [0, 200]), [10, 30, 100]);
  assert.deepEqual(spread([190, 195, 199], 20, [0, 200]), [160, 180, 200]);
  assert.deepEqual(spread([], 20, [0, 200]), []);
});

test("a line has gaps where values are missing", () => {
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
