import assert from "node:assert/strict";
import { test } from "vitest";
import { searchLatest } from "./tempo.ts";

const SEARCH_LIMIT = 40;
const NOW = 3_600_000;

/** Mocks Tempo with a trace every `apart` milliseconds. Returns the oldest if more match than the limit. */
function tempo(apart: number, since = 0) {
  const requests: number[] = [];
  const search = async (from: number) => {
    requests.push(from);
    const found: number[] = [];
    for (let at = NOW - apart; at >= Math.max(from, since); at -= apart) found.push(at);
    return found.length > SEARCH_LIMIT ? found.slice(-SEARCH_LIMIT) : found;
  };
  return { search, requests };
}

/** Returns the newest `count` traces. */
const newest = (count: number, apart: number) =>
  Array.from({ length: count }, (_, index) => NOW - apart * (index + 1));

for (const apart of [30_000, 1000, 250, 30])
  test(`finds the latest traces if there is one every ${apart} ms`, async () => {
    const { search, requests } = tempo(apart);
    const found = await searchLatest({ from: 0, to: NOW, limit: 20 }, search, SEARCH_LIMIT);
    assert.deepEqual(found, newest(20, apart));
    assert.ok(requests.length <= 6, `${requests.length} requests`);
  });

test("finds all traces if the range contains fewer than the limit", async () => {
  const { search, requests } = tempo(60_000, NOW - 300_000);
  assert.equal((await searchLatest({ from: 0, to: NOW, limit: 20 }, search, SEARCH_LIMIT)).length, 5);
  assert.equal(requests.at(-1), 0);
});

test("stops at one second if it contains more traces than Tempo returns", async () => {
  const { search, requests } = tempo(1);
  const found = await searchLatest({ from: 0, to: NOW, limit: 20 }, search, SEARCH_LIMIT);
  assert.equal(found.length, 20);
  assert.ok((found.at(-1) ?? 0) > NOW - 2000);
  assert.ok(requests.length <= 6, `${requests.length} requests`);
});
