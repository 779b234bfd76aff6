import assert from "node:assert/strict";
import { test } from "vitest";
import { barSeconds, parseDurationMs, resolve } from "./range.ts";

const now = 1_795_635_260_000;

test("reads relative and absolute times", () => {
  assert.deepEqual(resolve({ from: "now-15m", to: "now" }, now), { from: now - 900_000, to: now });
  assert.deepEqual(resolve({ from: String(now - 5), to: String(now) }, now), { from: now - 5, to: now });
  assert.deepEqual(resolve({ from: "2026-11-25T00:00:00Z", to: "now" }, now)?.from, Date.UTC(2026, 10, 25));
});

test("rejects invalid ranges", () => {
  for (const [from, to] of [
    ["now", "now-1h"],
    ["", "now"],
    ["now-1y", "now"],
    ["<script>", "now"],
    ["now-15m", "99999999999999999999"],
    ["now-1e9h", "now"],
  ])
    assert.equal(resolve({ from: from ?? "", to: to ?? "" }, now), undefined, `${from} ${to}`);
});

test("limits ranges to 30 days and steps to at least one second", () => {
  const range = resolve({ from: "now-999999h", to: "now" }, now);
  assert.equal(range && range.to - range.from, 30 * 864e5);
  assert.equal(barSeconds({ from: 0, to: 1000 }, 60), 1);
  assert.equal(barSeconds({ from: 0, to: 3_600_000 }, 60), 60);
});

test("parses durations", () => {
  assert.equal(parseDurationMs("1h30m"), 5_400_000);
  assert.equal(parseDurationMs("2h24m"), 8_640_000);
  assert.equal(parseDurationMs(">15s"), 15_000);
  for (const none of ["", "auto", "5", "s", "1.5h", "-1s"]) assert.equal(parseDurationMs(none), undefined);
});
