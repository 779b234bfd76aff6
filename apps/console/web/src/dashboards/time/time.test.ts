import assert from "node:assert/strict";
import { test } from "vitest";
import { panelStep } from "../../../../../../grafana/src/queries/intervals.ts";
import { intervalOf, rateIntervalOf, written } from "./interval.ts";
import { readTimes } from "./parse.ts";

test("an interval is rounded, and at least one scrape interval", () => {
  assert.equal(intervalOf(15 * 60_000, 1000), 2000);
  assert.equal(intervalOf(15 * 60_000, 90), 10_000);
  assert.equal(intervalOf(24 * 3_600_000, 1000), 60_000);
  assert.ok((365 * 86_400_000) / intervalOf(365 * 86_400_000, 1e9) <= 10_000);
  assert.equal(rateIntervalOf(2000), 8000);
});

test("the checks in grafana/ use the same intervals", () => {
  for (let seconds = 60; seconds < 100 * 86_400; seconds *= 1.01)
    for (const points of [90, 1000])
      if (seconds / points < 9000)
        assert.equal(1000 * panelStep({ from: 0, to: seconds }, points), intervalOf(1000 * seconds, points));
});

test("formats durations", () => {
  assert.deepEqual([written(90_000), written(1500)], ["90s", "1500ms"]);
});

const NOW = new Date(2026, 10, 25, 18, 30, 15, 500).getTime();
const clock = (ms: number | undefined) =>
  ms === undefined ? undefined : new Date(ms).toTimeString().slice(0, 8);

test("parses time ranges in the format of Grafana's URLs", () => {
  assert.deepEqual(readTimes("now-15m", "now", NOW), { from: NOW - 900_000, to: NOW });
  assert.deepEqual(readTimes("1700000000000", "1700000060000"), { from: 1.7e12, to: 1.7e12 + 60_000 });
  const today = readTimes("now/d", "now/d", NOW);
  assert.deepEqual([clock(today?.from), clock(today?.to)], ["00:00:00", "23:59:59"]);
  const hour = readTimes("now-1h/h", "now-1h/h", NOW);
  assert.deepEqual([clock(hour?.from), clock(hour?.to)], ["17:00:00", "17:59:59"]);
  assert.equal(new Date(readTimes("now/w", "now", NOW)?.from ?? 0).getDay(), 1);
  assert.equal(
    readTimes("2026-11-25 18:00:00", "2026-11-25 18:10:00")?.from,
    new Date(2026, 10, 25, 18).getTime(),
  );
});

test("invalid and reversed time ranges are rejected", () => {
  for (const [from, to] of [
    ["", ""],
    ["now", "now-1h"],
    ["yesterday", "now"],
    ["now-1x", "now"],
    ["9".repeat(30), "now"],
    ["<script>", "now"],
    ["now-500y", "now"],
    ["2026-99-99", "now"],
  ] as const)
    assert.equal(readTimes(from, to), undefined, `${from} to ${to}`);
});
