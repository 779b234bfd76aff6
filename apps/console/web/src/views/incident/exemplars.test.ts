import assert from "node:assert/strict";
import { test } from "vitest";
import { exemplarsOf, isTraceId, slowest, withoutOverlaps } from "./exemplars.ts";

const id = (letter: string) => letter.repeat(32);
const one = (trace_id: string, timestamp: number, value: string) => ({
  labels: { trace_id },
  timestamp,
  value,
});

test("returns each request once, in order, limited to the newest late and fast ones", () => {
  const found = [
    {
      seriesLabels: { service_name: "gateway" },
      exemplars: [one(id("b"), 2, "0.4"), one(id("a"), 1, "0.01")],
    },
    {
      seriesLabels: { service_name: "gateway" },
      exemplars: [one(id("b"), 2, "0.4"), one(id("c"), 3, "0.5")],
    },
  ];
  assert.deepEqual(
    exemplarsOf(found, 0.15, 2).shown.map(({ traceId, at, value }) => [traceId, at, value]),
    [
      [id("a"), 1000, 0.01],
      [id("b"), 2000, 0.4],
      [id("c"), 3000, 0.5],
    ],
  );
  assert.equal(slowest(exemplarsOf(found, 0.15, 9).shown, 0)?.traceId, id("c"));
  assert.equal(slowest(exemplarsOf(found, 0.15, 9).shown, 9000), undefined);
});

test("ignores exemplars without a valid trace id or value", () => {
  const bad = [one("<script>", 1, "1"), one(id("a"), Number.NaN, "1"), one(id("b"), 1, "much")];
  assert.deepEqual(exemplarsOf([{ seriesLabels: {}, exemplars: bad }], 1, 9), { shown: [], more: 0 });
  assert.ok(!isTraceId(""));
});

test("selected points do not overlap and include the chosen one", () => {
  const point = (letter: string, left: number, value: number) => ({
    exemplar: { traceId: id(letter), service: "", at: 0, value },
    left,
    top: 0,
  });
  const points = [point("a", 0, 0.4), point("b", 10, 0.5), point("c", 30, 0.1), point("d", 80, 0.1)];
  const letters = (chosen?: string) =>
    withoutOverlaps(points, 24, chosen).map(({ exemplar }) => exemplar.traceId[0]);
  assert.deepEqual(letters(), ["b", "d"]);
  assert.deepEqual(letters(id("c")), ["a", "c", "d"]);
});
