import assert from "node:assert/strict";
import { test } from "vitest";
import type { FaultLine } from "../api/faults.ts";
import { episodeAt, episodes, latestEpisode } from "./episodes.ts";

const set = (at: number, forMs = 60_000, fault = "slow-b"): FaultLine => ({
  kind: "set",
  fault,
  service: "x",
  at,
  forMs,
});
const ended = (at: number, endedByUser = true, fault = "slow-b"): FaultLine => ({
  kind: "ended",
  fault,
  service: "x",
  at,
  endedByUser,
});

test("lines of both gateways belong to the same episode", () => {
  const all = episodes([set(1000), set(1004), ended(9000), ended(9003)], 20_000);
  assert.deepEqual(all, [{ fault: "slow-b", start: 1000, due: 61_004, end: 9000, fixed: true }]);
});

test("setting an active fault continues its episode; setting it after its end starts another", () => {
  const all = episodes([set(1000), set(5000), ended(9000, false), set(20_000)], 21_000);
  assert.deepEqual(
    all.map(({ start, end, fixed }) => [start, end, fixed]),
    [
      [1000, 9000, false],
      [20_000, undefined, false],
    ],
  );
});

test("without a log line about the end, the episode ends when it was due", () => {
  assert.equal(episodes([set(1000, 2000)], 4000)[0]?.end, undefined);
  assert.equal(episodes([set(1000, 2000)], 10_000)[0]?.end, 3000);
  const all = episodes([set(1000, 2000), set(60_000, 2000)], 61_000);
  assert.deepEqual(
    all.map(({ start, end }) => [start, end]),
    [
      [1000, 3000],
      [60_000, undefined],
    ],
  );
});

test("a link finds its episode, also if the clock differs slightly", () => {
  const all = episodes([set(100_000), ended(130_000), set(200_000)], 210_000);
  assert.equal(episodeAt(all, 103_000)?.start, 100_000);
  assert.equal(episodeAt(all, 99_000)?.start, 100_000);
  assert.equal(episodeAt(all, 120_000)?.start, 100_000, "it was active");
  assert.equal(episodeAt(all, 150_000)?.start, 200_000);
  assert.equal(episodeAt(all.slice(0, 1), 150_000), undefined);
});

test("prefers the active episode over ended ones", () => {
  const all = episodes([set(1000, 60_000, "slow-a"), set(2000), ended(3000)], 4000);
  assert.equal(latestEpisode(all)?.fault, "slow-a");
  assert.equal(latestEpisode(episodes([set(1), ended(2)], 3))?.fault, "slow-b");
  assert.equal(latestEpisode([]), undefined);
});
