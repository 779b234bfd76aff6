import assert from "node:assert/strict";
import { test } from "node:test";
import { LokiClock } from "./loki-clock.ts";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const TRUE_TIME = Date.parse("2026-03-01T12:00:00Z");

const msOf = (time: string) => Number(time.slice(0, -6));
const nsOf = (ms: number, sequence = 0) => `${ms}${String(sequence).padStart(6, "0")}`;

const bodyOf = (time: string, own: string) =>
  JSON.stringify({
    streams: [{ stream: {}, values: [[time, `{"level":"info","time":"${own}","msg":"x"}`, {}]] }],
  });
const timeIn = (body: string): string => JSON.parse(body).streams[0].values[0][0];

/** Loki's rules, with its defaults: at most 10 minutes ahead, at most an hour behind the newest line of the stream. */
function lokiOf(clock: () => number) {
  let newest = 0;
  return function accepts(time: string): boolean {
    const ms = msOf(time);
    if (ms > clock() + 10 * MINUTE || ms < newest - 60 * MINUTE) return false;
    newest = Math.max(newest, ms);
    return true;
  };
}

interface Run {
  /** Whether Loki's responses contain its time. */
  hears?: boolean;
  /** Whether Loki runs on the machine whose clock steps. */
  together?: boolean;
}

/**
 * Simulates a process whose clock is off by each of `offsets` in turn, and which logs ten lines in ten minutes each
 * time.
 */
function run(offsets: number[], { hears = true, together = false }: Run = {}) {
  let now = TRUE_TIME;
  let elapsed = 0;
  let offset = 0;
  const lokiTime = () => now + (together ? offset : 0);
  const accepts = lokiOf(lokiTime);
  const clock = new LokiClock(() => elapsed);
  const hear = () => clock.recordTime(hears ? Math.floor(lokiTime() / 1000) * 1000 : undefined);
  const lines: { offset: number; own: string; stored: string | undefined }[] = [];
  for (offset of offsets)
    for (let line = 0; line < 10; line += 1) {
      now += MINUTE;
      elapsed += MINUTE + 0.123;
      const own = nsOf(now + offset, line);
      let stored: string | undefined = clock.timestampToStore(own);
      if (!accepts(stored)) {
        hear();
        const again = clock.correctedPush(bodyOf(stored, own));
        stored = again !== undefined && accepts(timeIn(again)) ? timeIn(again) : undefined;
      }
      hear();
      if (stored) assert.match(stored, /^\d{19}$/);
      lines.push({ offset, own, stored });
    }
  return lines;
}

/** The successive offsets of a clock, in minutes. */
const CLOCKS: Record<string, number[]> = {
  "is right": [0],
  "steps back by 20 minutes": [0, -20],
  "steps back by a day": [0, -1440],
  "steps back by a year": [0, -365 * 1440],
  "steps forward by 20 minutes, then back": [0, 20, 0],
  "steps forward by a day, then back": [0, 1440, 0],
  "steps back by a day, then forward": [0, -1440, 0],
  "steps back again and again": [0, -20, -40, -90, -1440, 0],
  "is 20 minutes ahead from the start, then is set right": [20, 0],
  "is a day ahead from the start, then is set right": [1440, 0],
  "is a day behind from the start": [-1440],
  "is off by 4 minutes": [4, -4, 0],
};

for (const [what, minutes] of Object.entries(CLOCKS)) {
  const offsets = minutes.map((offset) => offset * MINUTE);
  test(`Loki accepts every line of a clock that ${what}`, () => {
    for (const { offset, own, stored } of run(offsets)) {
      assert.ok(stored, `rejected: ${own}, ${offset / MINUTE} minutes off`);
      if (Math.abs(offset) < 5 * MINUTE) assert.equal(stored, own, "a correct timestamp is kept");
    }
  });
}

for (const minutes of [-7, -20, -50, 20, 1440])
  test(`Loki accepts the lines of the machine on which it runs, whose clock steps by ${minutes} minutes`, () => {
    for (const { own, stored } of run([0, minutes * MINUTE], { together: true })) assert.equal(stored, own);
  });

test("the rules in these tests reject uncorrected lines", () => {
  for (const what of ["steps back by a day", "steps forward by 20 minutes, then back"]) {
    const offsets = CLOCKS[what]?.map((minutes) => minutes * MINUTE) ?? [];
    assert.ok(run(offsets, { hears: false }).some(({ stored }) => stored === undefined));
  }
});

/** Returns a clock of lines that are a day behind and that Loki has already rejected. */
function correctingClock() {
  const clock = new LokiClock(() => 0);
  const own = clock.timestampToStore(nsOf(TRUE_TIME - DAY));
  clock.recordTime(TRUE_TIME);
  clock.correctedPush(bodyOf(own, own));
  return clock;
}

test("corrected lines keep their distances and their order within a millisecond", () => {
  const clock = correctingClock();
  const distances = [0, 0, 0, 1, 2, 90_000];
  const stored = distances.map((ms, index) => clock.timestampToStore(nsOf(TRUE_TIME - DAY + ms, index)));
  assert.deepEqual(
    stored,
    distances.map((ms, index) => nsOf(TRUE_TIME + ms, index)),
  );
});

test("timestamps that Loki accepts are not changed, even if they differ from its time", () => {
  const clock = new LokiClock(() => 0);
  for (const offset of [-20 * MINUTE, -DAY, DAY]) {
    const own = nsOf(TRUE_TIME + offset);
    assert.equal(clock.timestampToStore(own), own);
    clock.recordTime(TRUE_TIME);
  }
});

test("a correction does not follow the seconds of each response", () => {
  const clock = correctingClock();
  for (const late of [-900, 0, 900]) {
    clock.recordTime(TRUE_TIME + late);
    assert.equal(clock.timestampToStore(nsOf(TRUE_TIME - DAY)), nsOf(TRUE_TIME));
  }
});

test("lines keep their order when the clock steps within one second of Loki's time", () => {
  let now = 0;
  const clock = new LokiClock(() => now);
  const stored = [0, -DAY, -2 * DAY, DAY, 0].flatMap((offset) =>
    [0, 1].map((sequence) => {
      now += 10;
      const own = nsOf(TRUE_TIME + 900 + now + offset, sequence);
      const first = clock.timestampToStore(own);
      clock.recordTime(TRUE_TIME); // in fact more than 900 ms ago
      return timeIn(clock.correctedPush(bodyOf(first, own)) ?? bodyOf(first, own));
    }),
  );
  assert.deepEqual(stored, [...stored].sort());
});

test("only the wrong timestamps of a rejected push are changed", () => {
  const clock = correctingClock();
  const right = bodyOf(nsOf(TRUE_TIME - MINUTE), nsOf(TRUE_TIME - MINUTE));
  assert.equal(clock.correctedPush(right), undefined);
  const wrong = bodyOf(nsOf(TRUE_TIME - DAY), nsOf(TRUE_TIME - DAY));
  assert.equal(timeIn(clock.correctedPush(wrong) ?? ""), nsOf(TRUE_TIME));
});

/** Returns a clock that knows from Loki that the clock of the last line is off by `offset`. */
function clockOff(offset: number) {
  const clock = new LokiClock(() => 0);
  const own = clock.timestampToStore(nsOf(TRUE_TIME + offset));
  clock.recordTime(TRUE_TIME);
  return { clock, own };
}

test("a line that waited during an outage keeps its correct timestamp after the clock has stepped", () => {
  for (const offset of [-120, 120]) {
    const { clock, own } = clockOff(offset * MINUTE);
    const good = nsOf(TRUE_TIME - 30 * MINUTE);
    assert.equal(clock.correctedPush(bodyOf(good, good)), undefined, `${offset} minutes off`);
    assert.equal(timeIn(clock.correctedPush(bodyOf(own, own)) ?? ""), nsOf(TRUE_TIME));
  }
});

test("no correction moves a line into the future, and a line from the future is always corrected", () => {
  const back = clockOff(-120 * MINUTE).clock;
  const good = nsOf(TRUE_TIME - 90 * MINUTE); // 30 minutes ahead, if it were corrected
  assert.equal(back.correctedPush(bodyOf(good, good)), undefined);
  const ahead = clockOff(25 * MINUTE).clock;
  const waited = nsOf(TRUE_TIME + 11 * MINUTE); // written 14 minutes ago, 25 minutes ahead
  assert.equal(timeIn(ahead.correctedPush(bodyOf(waited, waited)) ?? ""), nsOf(TRUE_TIME - 14 * MINUTE));
});

test("no timestamp is changed without a response of Loki, or if its response has no date", () => {
  const clock = new LokiClock();
  clock.recordTime(undefined);
  const time = "0000000000001000000";
  assert.equal(clock.timestampToStore(time), time);
  assert.equal(clock.correctedPush(bodyOf(time, time)), undefined);
});
