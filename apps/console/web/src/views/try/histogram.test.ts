import assert from "node:assert/strict";
import { test } from "vitest";
import { bucketOf, bucketsOf, rankOf, withoutEmptyEnds } from "./histogram.ts";

const series = (
  [
    ["0.005", "10.2"],
    ["+Inf", "21"],
    ["0.01", "18"],
    ["0.025", "20"],
    ["0.05", "20"],
    ["0.1", "20"],
  ] as const
).map(([le, value]) => ({ metric: { le }, values: [[0, value]] as const }));
const buckets = bucketsOf(series);

test("converts cumulative buckets to counts between two bounds", () => {
  assert.deepEqual(
    buckets.map(({ to, count }) => [to, count]),
    [
      [5, 10],
      [10, 8],
      [25, 2],
      [50, 0],
      [100, 0],
      [Number.POSITIVE_INFINITY, 1],
    ],
  );
  assert.deepEqual(bucketsOf([]), []);
});

test("a duration on a bound belongs to the bucket below, as in Prometheus", () => {
  assert.deepEqual(
    [0, 5, 5.1, 100, 5000].map((ms) => bucketOf(buckets, ms)),
    [0, 0, 1, 4, 5],
  );
  assert.equal(bucketOf([], 5), -1);
});

test("compares a request with all requests", () => {
  assert.deepEqual(rankOf(buckets, 7), { all: 21, same: 8, faster: 10, slower: 3 });
  assert.deepEqual(rankOf([], 7), { all: 0, same: 0, faster: 0, slower: 0 });
});

test("removes empty buckets at the ends, but keeps the request's own", () => {
  const few = bucketsOf(series.filter(({ metric }) => metric.le !== "+Inf"));
  assert.deepEqual(
    withoutEmptyEnds(few, 0).map(({ to }) => to),
    [5, 10, 25, 50],
  );
  assert.deepEqual(
    withoutEmptyEnds(few, 4).map(({ to }) => to),
    [5, 10, 25, 50, 100],
  );
});
