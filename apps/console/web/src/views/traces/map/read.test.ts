import assert from "node:assert/strict";
import { test } from "node:test";
import { graphOf, placesOf } from "./read.ts";
import { failedWords } from "./words.ts";

const one = (client: string, server: string, value: string) => ({
  metric: { client, server },
  values: [[0, value]] as const,
});

const answers = {
  total: [one("gateway", "service-a", "4"), one("gateway", "service-b", "0"), one("", "x", "1")],
  failed: [one("gateway", "service-a", "1")],
  p95: [one("gateway", "service-a", "NaN")],
  refused: [],
};

test("calls are put together from the answers", () => {
  assert.deepEqual(graphOf(answers), {
    edges: [{ client: "gateway", server: "service-a", perSecond: 4, failed: 0.25, p95: undefined }],
    incomplete: false,
    unnamed: 1,
  });
});

test("calls without a name of caller or callee are counted, not drawn", () => {
  const total = [
    one("gateway", "service-a", "4"),
    one("", "service-a", "0.5"),
    one("gateway", "", "0.25"),
    one("", "", "0"),
  ];
  const { edges, unnamed } = graphOf({ ...answers, total });
  assert.deepEqual([edges.length, unnamed], [1, 0.75]);
});

test("without a series of failures nothing failed; while Tempo refuses series, nobody knows", () => {
  const total = [one("gateway", "service-a", "4"), one("gateway", "service-b", "2")];
  const refused = (times: string) => [{ metric: {}, values: [[0, times]] as const }];
  const failedOf = (times: string) =>
    graphOf({ ...answers, total, refused: refused(times) }).edges.map(({ failed }) => failed);
  assert.deepEqual(failedOf("0"), [0.25, 0]);
  assert.deepEqual(failedOf("0.5"), [0.25, undefined]);
  assert.equal(graphOf({ ...answers, refused: refused("1") }).incomplete, true);
  assert.deepEqual([0, 0.004, undefined].map(failedWords), [
    "0 % failed",
    "0.4 % failed",
    "failures unknown",
  ]);
});

const edge = (client: string, server: string, failed = 0) => ({
  client,
  server,
  perSecond: 1,
  failed,
  p95: 1,
});

test("what fails at a service is unknown when it is for any who calls it", () => {
  const places = placesOf([
    edge("a", "c", 0.5),
    { ...edge("b", "c"), failed: undefined },
    edge("a", "d", 0.5),
  ]);
  assert.deepEqual(
    places.map(({ name, failed }) => [name, failed]),
    [
      ["a", 0],
      ["b", 0],
      ["c", undefined],
      ["d", 0.5],
    ],
  );
});

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
