import assert from "node:assert/strict";
import { test } from "vitest";
import { type Call, columnsOfNodes, nodesOf, readServiceMap } from "./calls.ts";

const one = (client: string, server: string, value: string) => ({
  metric: { client, server },
  values: [[0, value]] as const,
});

const responses = {
  total: [one("gateway", "service-a", "4"), one("gateway", "service-b", "0"), one("", "x", "1")],
  failed: [one("gateway", "service-a", "1")],
  seconds: [one("gateway", "service-a", "NaN")],
  refused: [],
};

test("calls are built from the results of all queries", () => {
  assert.deepEqual(readServiceMap(responses), {
    calls: [{ client: "gateway", server: "service-a", perSecond: 4, failed: 0.25, seconds: undefined }],
    incomplete: false,
    unnamed: { kinds: 1, perSecond: 1 },
  });
});

test("calls without a caller or callee name are counted but not drawn", () => {
  const total = [
    one("gateway", "service-a", "4"),
    one("", "service-a", "0.5"),
    one("gateway", "", "0.25"),
    one("", "", "0"),
  ];
  const { calls, unnamed } = readServiceMap({ ...responses, total });
  assert.deepEqual([calls.length, unnamed], [1, { kinds: 2, perSecond: 0.75 }]);
});

test("failures are 0 without a series of failures, and unknown if Tempo reached its series limit", () => {
  const total = [one("gateway", "service-a", "4"), one("gateway", "service-b", "2")];
  const refused = (times: string) => [{ metric: {}, values: [[0, times]] as const }];
  const failedOf = (times: string) =>
    readServiceMap({ ...responses, total, refused: refused(times) }).calls.map(({ failed }) => failed);
  assert.deepEqual(failedOf("0"), [0.25, 0]);
  assert.deepEqual(failedOf("0.5"), [0.25, undefined]);
  assert.equal(readServiceMap({ ...responses, refused: refused("1") }).incomplete, true);
});

const call = (client: string, server: string, failed = 0): Call => ({
  client,
  server,
  perSecond: 1,
  failed,
  seconds: 1,
});

test("the failures of a service are unknown if the failures for any caller are unknown", () => {
  const nodes = nodesOf([call("a", "c", 0.5), { ...call("b", "c"), failed: undefined }, call("a", "d", 0.5)]);
  assert.deepEqual(
    nodes.map(({ name, isCalled, failed }) => [name, isCalled, failed]),
    [
      ["a", false, 0.5],
      ["b", false, undefined],
      ["c", true, undefined],
      ["d", true, 0.5],
    ],
  );
});

test("the duration of a service is the mean of its calls, weighted by rate", () => {
  const [, b] = nodesOf([
    { ...call("a", "b"), perSecond: 3, seconds: 1 },
    { ...call("c", "b"), perSecond: 1, seconds: 5 },
  ]);
  assert.deepEqual([b?.name, b?.perSecond, b?.seconds], ["b", 4, 2]);
});

test("a service is placed in a column after all of its callers", () => {
  const nodes = nodesOf([
    call("gateway", "b"),
    call("user", "gateway"),
    call("b", "c"),
    call("gateway", "c"),
  ]);
  assert.deepEqual(
    columnsOfNodes(nodes).map((column) => column.map(({ name }) => name)),
    [["user"], ["gateway"], ["b"], ["c"]],
  );
});

test("the number of columns is bounded for cycles and for a service that calls itself", () => {
  const nodes = nodesOf([call("a", "b"), call("b", "a"), call("a", "a")]);
  assert.equal(nodes.length, 2);
  assert.ok(nodes.every(({ column }) => column < 2));
  assert.deepEqual(nodesOf([]), []);
});
