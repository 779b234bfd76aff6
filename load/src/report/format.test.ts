import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, decimal, gibibytes, listOf, milliseconds, percent, utc } from "./format.ts";

const CASES: readonly [shown: string, expected: string][] = [
  [count(12_345), "12,345"],
  [count(undefined), "–"],
  [decimal(0), "0"],
  [decimal(0.444), "0.44"],
  [decimal(57.04), "57"],
  [decimal(99.97), "100"],
  [decimal(1234.5), "1,235"],
  [decimal(Number.NaN), "–"],
  [milliseconds(0), "0 ms"],
  [milliseconds(0.6104), "610 µs"],
  [milliseconds(0.9996), "1 ms"],
  [milliseconds(76), "76 ms"],
  [milliseconds(999.6), "1 s"],
  [milliseconds(10_500), "10.5 s"],
  [milliseconds(Number.POSITIVE_INFINITY), "–"],
  [percent(0), "0 %"],
  [percent(0.0004), "< 0.1 %"],
  [percent(0.031), "3.1 %"],
  [percent(0.0999), "10 %"],
  [percent(1), "100 %"],
  [bytes(359.94), "360 B"],
  [bytes(12_345), "12.3 kB"],
  [gibibytes(25_276_510_208), "23.5 GiB"],
  [utc("2026-11-28T15:04:05.678Z"), "2026-11-28 15:04 UTC"],
  [utc("yesterday"), "yesterday"],
  [listOf(["a", "b", "c"]), "a, b and c"],
];

for (const [shown, expected] of CASES) test(`${expected} is shown`, () => assert.equal(shown, expected));
