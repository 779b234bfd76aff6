import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "./duration.ts";

test("a duration with a unit is converted to milliseconds", () => {
  assert.deepEqual(
    ["250ms", "90s", "5m", "1h"].map((text) => parseDuration(text)),
    [250, 90_000, 300_000, 3_600_000],
  );
});

test("anything else is rejected with an example", () => {
  for (const text of ["", "5", "0s", "-1m", "1.5m", "61m", "2h", "5 m", "m"])
    assert.throws(() => parseDuration(text), /such as 90s, 5m or 1h/, text);
});
