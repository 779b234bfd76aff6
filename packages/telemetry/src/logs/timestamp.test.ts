import assert from "node:assert/strict";
import { test } from "node:test";
import { timestamp } from "./timestamp.ts";

const next = () => BigInt(timestamp().slice(',"time":"'.length, -1));

test("times are the clock's, in nanoseconds, and always grow", () => {
  const before = BigInt(Date.now()) * 1_000_000n;
  const times = Array.from({ length: 10_000 }, next);
  const after = BigInt(Date.now() + 1) * 1_000_000n;
  assert.ok((times[0] ?? 0n) >= before && (times.at(-1) ?? 0n) < after);
  assert.ok(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0n)));
});

test("a clock that is set back does not set them back", (t) => {
  const before = next();
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() - 3_600_000 });
  assert.ok(next() > before);
});
