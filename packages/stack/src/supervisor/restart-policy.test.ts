import assert from "node:assert/strict";
import { test } from "node:test";
import { createRestarts, RESTART_POLICY } from "./restart-policy.ts";

test("the wait doubles up to a maximum, and the restarts end at their limit", () => {
  const restarts = createRestarts({ max: 4, withinMs: 60_000, firstDelayMs: 100, maxDelayMs: 300 });
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((now) => restarts.next(now)),
    [100, 200, 300, 300, undefined],
  );
});

test("restarts that are long past do not count", () => {
  const restarts = createRestarts({ max: 1, withinMs: 1000, firstDelayMs: 100, maxDelayMs: 300 });
  assert.equal(restarts.next(0), 100);
  assert.equal(restarts.next(999), undefined);
  assert.equal(restarts.next(1000), 100);
});

test("the first restarts of a killed component come within ten seconds", () => {
  assert.ok(RESTART_POLICY.firstDelayMs < 1000);
  assert.ok(RESTART_POLICY.maxDelayMs < 10_000);
});
