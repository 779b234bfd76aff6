import assert from "node:assert/strict";
import { test } from "node:test";
import { toggled } from "../data/visibility.ts";
import { bucketsOf, rowOf } from "../panels/heatmap-buckets.ts";
import { layout } from "../panels/node-graph-layout.ts";
import { statesOf } from "../panels/states.ts";
import { merged } from "../plot/merged-bands.ts";
import { stretches } from "../queries/annotations.ts";
import { legend } from "../queries/legend.ts";
import { exemplarPoints } from "./exemplars.ts";
import { framesToLines, linesOf, logFrame } from "./loki.ts";
import { noticesOf } from "./notices.ts";
import { heatmapFrame, seriesFrames, tableFrame } from "./prometheus.ts";
import { callsFrame, callsOf, framesToCalls, nodesOf, unnamedOf } from "./service-map.ts";
import { tracesFrame } from "./tempo.ts";

test("legends", () => {
  assert.equal(legend("{{service_name}} p99", { service_name: "a" }, "x"), "a p99");
  assert.equal(legend("{{nobody}}", {}, "x"), "");
  assert.equal(legend("", { __name__: "up", job: "a" }, "x"), 'up{job="a"}');
  assert.equal(legend("", {}, "1 + 1"), "1 + 1");
  assert.equal(legend("__auto", { __name__: "up", job: "a" }, "x"), "a");
});

test("series, in milliseconds, with NaN and infinity", () => {
  const [frame] = seriesFrames(
    [
      {
        metric: { a: "b" },
        values: [
          [1.5, "1"],
          [2, "NaN"],
          [3, "+Inf"],
        ],
      },
    ],
    "A",
    () => "name",
    2000,
  );
  assert.deepEqual(frame?.fields[0]?.values, [1500, 2000, 3000]);
  assert.deepEqual(frame?.fields[1]?.values, [1, Number.NaN, Number.POSITIVE_INFINITY]);
});

test("a table has a column for each label of any series", () => {
  const { fields } = tableFrame(
    [
      { metric: { a: "1" }, values: [[1, "2"]] },
      { metric: { b: "3" }, values: [[1, "4"]] },
    ],
    "A",
    "Value",
  );
  assert.deepEqual(
    fields.map(({ name, values }) => [name, ...values]),
    [
      ["Time", 1000, 1000],
      ["a", "1", ""],
      ["b", "", "3"],
      ["Value", 2, 4],
    ],
  );
});

test("buckets hold only what the smaller ones do not", () => {
  const bucket = (le: string, ...counts: string[]) => ({
    metric: { le },
    values: counts.map((count, at) => [at * 10, count] as const),
  });
  const frame = heatmapFrame(
    [bucket("+Inf", "9", "9"), bucket("0.1", "2", "5"), bucket("1", "7", "5")],
    "A",
    10_000,
  );
  assert.ok(frame);
  assert.deepEqual(
    frame.fields.map(({ name, values }) => [name, ...values]),
    [
      ["Time", 0, 10_000],
      ["0.1", 2, 5],
      ["1", 5, 0],
      ["+Inf", 2, 4],
    ],
  );
  const buckets = bucketsOf([frame]);
  assert.equal(buckets.most, 5);
  assert.deepEqual([rowOf(buckets, 0.05), rowOf(buckets, 0.55), rowOf(buckets, 5)], [0.5, 1.5, 2.5]);
});

test("the same state is one stretch, a hole ends it", () => {
  const display = (value: unknown) => ({ text: String(value), colour: "" });
  const { stretches: found } = statesOf([0, 10, 20, 60, 70], [1, 1, 0, 0, null], 10, display);
  assert.deepEqual(
    found.map(({ from, to, text }) => [from, to, text]),
    [
      [0, 20, "1"],
      [20, 30, "0"],
      [60, 70, "0"],
    ],
  );
});

test("annotations last while their points follow one another", () => {
  const values = [
    [0, "1"],
    [2, "1"],
    [4, "0"],
    [6, "1"],
    [20, "1"],
  ] as const;
  assert.deepEqual(stretches({ values }, 2), [
    { from: 0, to: 2 },
    { from: 6, to: 6 },
    { from: 20, to: 20 },
  ]);
  assert.deepEqual(
    merged([
      { from: 5, to: 9, colour: "red" },
      { from: 0, to: 6, colour: "red" },
      { from: 1, to: 2, colour: "blue" },
    ]).length,
    2,
  );
});

test("log lines, newest first, there and back", () => {
  const lines = linesOf([
    {
      stream: { a: "1" },
      values: [
        ["1700000000000000001", "x"],
        ["1700000000000000003", "z"],
      ],
    },
    { stream: {}, values: [["1700000000000000002", "y"]] },
  ]);
  assert.deepEqual(
    lines.map(({ line }) => line),
    ["z", "y", "x"],
  );
  assert.deepEqual(framesToLines([logFrame(lines, "A")]), lines);
});

test("the service map: rates, means and shares, there and back", () => {
  const one = (client: string, server: string, value: string) => ({
    metric: { client, server },
    values: [[0, value]] as const,
  });
  const answers = {
    requests: [one("user", "gateway", "4"), one("gateway", "a", "2"), one("gateway", "idle", "0")],
    seconds: [one("user", "gateway", "1")],
    failed: [one("gateway", "a", "1")],
  };
  const none = [{ metric: {}, values: [[0, "0"]] as const }];
  for (const refused of [none, []]) {
    const calls = callsOf({ ...answers, refused });
    assert.deepEqual(calls, [
      { client: "user", server: "gateway", perSecond: 4, seconds: 0.25, failed: 0 },
      { client: "gateway", server: "a", perSecond: 2, seconds: undefined, failed: 0.5 },
    ]);
    assert.deepEqual(framesToCalls([callsFrame(calls, "A")]), calls);
    assert.equal(nodesOf(calls).find(({ id }) => id === "a")?.failed, 0.5);
  }
  // Tempo has refused series: who has no series of failures may have failed.
  const calls = callsOf({ ...answers, refused: [{ metric: {}, values: [[0, "3"]] }] });
  assert.deepEqual(
    calls.map(({ failed }) => failed),
    [undefined, 0.5],
  );
  assert.deepEqual(framesToCalls([callsFrame(calls, "A")]), calls);
  const nodes = nodesOf(calls);
  assert.equal(nodes.find(({ id }) => id === "gateway")?.failed, undefined);
  assert.equal(nodes.find(({ id }) => id === "a")?.failed, 0.5);
});

test("callers stand left of whom they call, and a circle comes to an end", () => {
  const places = layout(
    ["a", "b", "c"],
    [
      { client: "a", server: "b" },
      { client: "b", server: "c" },
      { client: "c", server: "b" },
    ],
  );
  assert.ok((places.get("a")?.x ?? 1) < (places.get("b")?.x ?? 0));
  assert.equal(places.size, 3);
});

test("of many exemplars the slowest of each stretch stay, each once", () => {
  const exemplars = Array.from({ length: 5000 }, (_, index) => ({
    labels: { trace_id: `${index}` },
    value: `${index % 977}`,
    timestamp: index / 10,
  }));
  const points = exemplarPoints(
    [
      { seriesLabels: {}, exemplars },
      { seriesLabels: {}, exemplars },
    ],
    0,
    500_000,
  );
  assert.ok(points.length <= 160 && points.length > 50, `${points.length}`);
  assert.equal(Math.max(...points.map(({ value }) => value)), 976);
  assert.equal(new Set(points.map(({ traceId }) => traceId)).size, points.length);
  assert.deepEqual([...new Set(points.map(({ of }) => of))], [5000]);
  const few = exemplarPoints([{ seriesLabels: {}, exemplars: exemplars.slice(0, 10) }], 0, 500_000);
  assert.deepEqual([...new Set(few.map(({ of }) => of))], [undefined]);
});

test("calls without a name are counted", () => {
  const one = (client: string, server: string, value: string) => ({
    metric: { client, server },
    values: [[0, value]] as const,
  });
  const requests = [one("a", "b", "1"), one("", "b", "1"), one("a", "", "0")];
  assert.equal(unnamedOf(requests), 1);
  assert.deepEqual(noticesOf([callsFrame([], "A", unnamedOf(requests))]), [
    "1 kind of call is not drawn, because the caller or the callee has no name.",
  ]);
  assert.deepEqual(noticesOf([callsFrame([], "A")]), []);
});

test("a result that reaches its limit has a notice that there may be more", () => {
  const lines = linesOf([
    {
      stream: {},
      values: [
        ["2", "b"],
        ["1", "a"],
      ],
    },
  ]);
  assert.deepEqual(noticesOf([logFrame(lines, "A", 3), logFrame(lines, "B")]), []);
  assert.deepEqual(noticesOf([logFrame(lines, "A", 2), logFrame(lines, "B", 2)]), [
    "The query is limited to 2 lines; there may be more.",
  ]);
  const found = [{ traceID: "1" }, { traceID: "2" }];
  assert.deepEqual(noticesOf([tracesFrame(found, "A", 5)]), []);
  assert.deepEqual(noticesOf([tracesFrame(found, "A", 4)]), [
    "The query is limited to 4 traces; there may be more.",
  ]);
});

test("the legend shows one alone, then all again; or hides one after the other", () => {
  const all = ["a", "b", "c"];
  const alone = toggled(new Set(), "a", all, { alone: true });
  assert.deepEqual([...alone], ["b", "c"]);
  assert.deepEqual([...toggled(alone, "a", all, { alone: true })], []);
  assert.deepEqual([...toggled(new Set(["b"]), "c", all, { alone: false })], ["b", "c"]);
  assert.deepEqual([...toggled(new Set(["b", "c"]), "a", all, { alone: false })], []);
});
