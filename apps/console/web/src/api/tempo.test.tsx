import assert from "node:assert/strict";
import { test } from "vitest";
import { latest } from "./tempo.ts";

const MOST = 40;
const NOW = 3_600_000;

/** Mocks Tempo with a trace every `apart` milliseconds. Returns the oldest if more match than the limit. */
function tempo(apart: number, since = 0) {
  const asked: number[] = [];
  const ask = async (from: number) => {
    asked.push(from);
    const found: number[] = [];
    for (let at = NOW - apart; at >= Math.max(from, since); at -= apart) found.push(at);
    return found.length > MOST ? found.slice(-MOST) : found;
  };
  return { ask, asked };
}

/** Returns the newest `count` traces. */
const newest = (count: number, apart: number) =>
  Array.from({ length: count }, (_, index) => NOW - apart * (index + 1));

for (const apart of [30_000, 1000, 250, 30])
  test(`finds the latest traces if there is one every ${apart} ms`, async () => {
    const { ask, asked } = tempo(apart);
    const found = await latest({ from: 0, to: NOW, limit: 20 }, ask, MOST);
    assert.deepEqual(found, newest(20, apart));
    assert.ok(asked.length <= 6, `${asked.length} questions`);
  });

test("finds all traces if the range contains fewer than the limit", async () => {
  const { ask, asked } = tempo(60_000, NOW - 300_000);
  assert.equal((await latest({ from: 0, to: NOW, limit: 20 }, ask, MOST)).length, 5);
  assert.equal(asked.at(-1), 0);
});

test("stops at one second if it contains more traces than Tempo returns", async () => {
  const { ask, asked } = tempo(1);
  const found = await latest({ from: 0, to: NOW, limit: 20 }, ask, MOST);
  assert.equal(found.length, 20);
  assert.ok((found.at(-1) ?? 0) > NOW - 2000);
  assert.ok(asked.length <= 6, `${asked.length} questions`);
});
