import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { duration } from "./duration.ts";

describe("duration", () => {
  for (const [seconds, text] of [
    [10, "10s"],
    [60, "1m"],
    [90, "1m30s"],
    [8640, "2h24m"],
    [86_400, "1d"],
    [2_592_000, "30d"],
  ] as const)
    it(`writes ${seconds} s as ${text}`, () => assert.equal(duration(seconds), text));

  for (const seconds of [0, -1, 0.5, Number.NaN])
    it(`rejects ${seconds}`, () => assert.throws(() => duration(seconds), RangeError));
});
