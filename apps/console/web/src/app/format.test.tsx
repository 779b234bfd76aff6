import assert from "node:assert/strict";
import { test } from "vitest";
import { duration } from "./format.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("a duration is shown in its two largest units", () => {
  const written: readonly [ms: number, text: string][] = [
    [0, "0 ms"],
    [0.35, "350 µs"],
    [4.234, "4.23 ms"],
    [350, "350 ms"],
    [1234, "1.23 s"],
    [65_000, "1 min 5 s"],
    [2 * HOUR + 10 * MINUTE, "2 h 10 min"],
    [36 * HOUR, "1 d 12 h"],
    [30 * DAY, "30 d"],
    [-4.2, "−4.2 ms"],
  ];
  for (const [ms, text] of written) assert.equal(duration(ms), text);
});

test("a value just below the next unit is rounded to that unit", () => {
  const written: readonly [ms: number, text: string][] = [
    [0.99999, "1 ms"],
    [999.99, "1 s"],
    [59_999, "1 min"],
    [HOUR - 1, "1 h"],
    [DAY - 1, "1 d"],
  ];
  for (const [ms, text] of written) assert.equal(duration(ms), text);
});

test("the number of digits can be lower; a value that is not a number has none", () => {
  assert.equal(duration(3841, 2), "3.8 s");
  assert.equal(duration(42_400, 2), "42 s");
  assert.equal(duration(59_600, 2), "1 min");
  assert.deepEqual(
    [Number.NaN, Number.POSITIVE_INFINITY].map((value) => duration(value)),
    ["–", "–"],
  );
});
