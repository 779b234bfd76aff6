import assert from "node:assert/strict";
import { test } from "node:test";
import { LokiClock } from "./loki-clock.ts";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const TRUE_TIME = Date.parse("2026-03-01T12:00:00Z");

/** Loki's own rules, with its defaults: not 10 minutes ahead, not an hour behind the newest line of the stream. */
function lokiOf(time: { now: number }) {
  let newest = 0;
  const refused: number[] = [];
  return {
    refused,
    push(ns: string) {
      const ms = Number(ns.slice(0, -6));
      if (ms > time.now + 10 * MINUTE || ms < newest - 60 * MINUTE) refused.push(ms - time.now);
      else newest = Math.max(newest, ms);
      return time.now;
    },
  };
}

/** A process whose clock is off by `offsets`, one after the other, and logs ten lines in ten minutes under each. */
function run(offsets: number[], { hears = true } = {}) {
  const time = { now: TRUE_TIME };
  const started = time.now;
  const clock = new LokiClock({ now: () => time.now - started, uptime: () => (time.now - started) / 1000 });
  const loki = lokiOf(time);
  const stored: { offset: number; given: string; accepted: string }[] = [];
  if (hears) clock.heard(Math.floor(time.now / 1000) * 1000);
  for (const offset of offsets)
    for (let line = 0; line < 10; line += 1) {
      time.now += MINUTE;
      const given = `${time.now + offset}${String(line).padStart(6, "0")}`;
      const accepted = clock.accepted(given);
      stored.push({ offset, given, accepted });
      const answered = loki.push(accepted);
      if (hears) clock.heard(Math.floor(answered / 1000) * 1000);
    }
  return { stored, refused: loki.refused };
}

/** How a clock may be wrong, in minutes, one after the other. */
const CLOCKS: Record<string, number[]> = {
  "is right": [0],
  "steps back by 20 minutes": [0, -20],
  "steps back by a day": [0, -1440],
  "steps back by a year": [0, -365 * 1440],
  "steps forward by 20 minutes, then back": [0, 20, 0],
  "steps forward by a day, then back": [0, 1440, 0],
  "steps back by a day, then forward": [0, -1440, 0],
  "steps back again and again": [0, -20, -40, -90, -1440, 0],
  "is a day ahead from the start, then is set right": [1440, 0],
  "is a day behind from the start": [-1440],
  "is off by 4 minutes": [4, -4, 0],
};

for (const [what, offsets] of Object.entries(CLOCKS))
  test(`Loki accepts every line of a clock that ${what}`, () => {
    const { stored, refused } = run(offsets.map((minutes) => minutes * MINUTE));
    assert.deepEqual(refused, []);
    for (const { offset, given, accepted } of stored)
      if (Math.abs(offset) < 5 * MINUTE) assert.equal(accepted, given, "a time that is right is kept");
  });

test("the rules that these tests suppose do refuse lines without a correction", () => {
  for (const what of ["steps back by a day", "steps forward by 20 minutes, then back"]) {
    const offsets = CLOCKS[what]?.map((minutes) => minutes * MINUTE) ?? [];
    assert.notDeepEqual(run(offsets, { hears: false }).refused, [], what);
  }
});

test("corrected lines keep their distances and their order within a millisecond", () => {
  const clock = new LokiClock({ now: () => 0, uptime: () => 0 });
  clock.heard(TRUE_TIME);
  const wrong = TRUE_TIME - DAY;
  const times = [0, 0, 0, 1, 2, 90_000].map((ms, index) => `${wrong + ms}${String(index).padStart(6, "0")}`);
  const accepted = times.map((time) => clock.accepted(time));
  assert.deepEqual(
    accepted,
    [0, 0, 0, 1, 2, 90_000].map((ms, index) => `${TRUE_TIME + ms}${String(index).padStart(6, "0")}`),
  );
});

test("a machine that slept is not corrected", () => {
  const slept = 8 * 60 * MINUTE;
  let uptime = 0;
  const clock = new LokiClock({ now: () => 0, uptime: () => uptime });
  clock.heard(TRUE_TIME);
  uptime = slept / 1000;
  const time = `${TRUE_TIME + slept}000000`;
  assert.equal(clock.accepted(time), time);
});

test("without an answer of Loki, or with one without a date, no time is changed", () => {
  const clock = new LokiClock();
  clock.heard(undefined);
  assert.equal(clock.accepted("0000000000001000000"), "0000000000001000000");
});
