import assert from "node:assert/strict";
import { test } from "vitest";
import { amount, countdown, duration, elapsed } from "./format.ts";

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

test("the number of digits can be reduced; values that are not finite are a dash", () => {
  assert.equal(duration(3841, 2), "3.8 s");
  assert.equal(duration(42_400, 2), "42 s");
  assert.equal(duration(59_600, 2), "1 min");
  assert.deepEqual(
    [Number.NaN, Number.POSITIVE_INFINITY].map((value) => duration(value)),
    ["–", "–"],
  );
});

test("formats of elapsed times and values", () => {
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
