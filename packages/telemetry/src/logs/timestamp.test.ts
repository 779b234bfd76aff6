import assert from "node:assert/strict";
import { test } from "node:test";
import { timestamp } from "./timestamp.ts";

const next = () => BigInt(timestamp().slice(',"time":"'.length, -1));
const MS = 1_000_000n;

test("timestamps follow the clock, in nanoseconds, and always increase", () => {
  const before = BigInt(Date.now()) * MS;
  const times = Array.from({ length: 10_000 }, next);
  const after = BigInt(Date.now() + 1) * MS;
  assert.ok((times[0] ?? 0n) >= before && (times.at(-1) ?? 0n) < after);
  assert.ok(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0n)));
});

test("timestamps do not go back if the clock is set back by up to a second", (t) => {
  const before = next();
  t.mock.timers.enable({ apis: ["Date"], now: Number(before / MS) - 900 });
  const times = [next(), next(), next()];
  assert.deepEqual(times, [before + 1n, before + 2n, before + 3n]);
});

for (const [step, minutes] of Object.entries({
  "2 seconds": 1 / 30,
  "20 minutes": 20,
  "a day": 1440,
  "to 1970": 3e7,
}))
  test(`timestamps follow a clock that is set back by ${step}, in order, and continue when it is corrected`, (t) => {
    const now = Date.now();
    const past = Math.max(1, now - minutes * 60_000);
    next();
    t.mock.timers.enable({ apis: ["Date"], now: past });
    const times = Array.from({ length: 1000 }, next);
    assert.deepEqual(
      times,
      times.map((_time, index) => BigInt(past) * MS + BigInt(index)),
    );
    assert.match(timestamp(), /^,"time":"\d{19}"$/);
    t.mock.timers.reset();
    assert.ok(next() >= BigInt(now) * MS);
  });
