import assert from "node:assert/strict";
import { test } from "node:test";
import { edgesOf, placesOf } from "./read.ts";

const one = (client: string, server: string, value: string) => ({
  metric: { client, server },
  values: [[0, value]] as const,
});

test("calls are put together from three answers", () => {
  const edges = edgesOf({
    total: [one("gateway", "service-a", "4"), one("gateway", "service-b", "0"), one("", "x", "1")],
    failed: [one("gateway", "service-a", "1")],
    p95: [one("gateway", "service-a", "NaN")],
  });
  assert.deepEqual(edges, [
    { client: "gateway", server: "service-a", perSecond: 4, failed: 0.25, p95: undefined },
  ]);
});

const edge = (client: string, server: string) => ({ client, server, perSecond: 1, failed: 0, p95: 1 });

test("who is called stands behind who calls", () => {
  const places = placesOf([
    edge("gateway", "b"),
    edge("user", "gateway"),
    edge("b", "c"),
    edge("gateway", "c"),
  ]);
  assert.deepEqual(
    places.map(({ name, column }) => [name, column]),
    [
      ["b", 2],
      ["c", 3],
      ["gateway", 1],
      ["user", 0],
    ],
  );
});

test("calls in a circle, and of oneself, have an end", () => {
  const places = placesOf([edge("a", "b"), edge("b", "a"), edge("a", "a")]);
  assert.equal(places.length, 2);
  assert.ok(places.every(({ column }) => column < 2));
  assert.deepEqual(placesOf([]), []);
});
