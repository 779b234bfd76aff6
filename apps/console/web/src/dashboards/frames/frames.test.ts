import assert from "node:assert/strict";
import { test } from "vitest";
import { readLines } from "../../lines/read.ts";
import { cellsOf, rowOfValue } from "../panels/heatmap-cells.ts";
import { statesOf } from "../panels/state-timeline.tsx";
import { merged } from "../plot/bands.tsx";
import { toggled } from "../plot/options.ts";
import { periodsOf } from "../queries/annotations.ts";
import { exemplarPoints } from "./exemplars.ts";
import { framesToLines, logFrame } from "./loki.ts";
import { noticesOf } from "./notices.ts";
import { heatmapFrame, legend, seriesFrames, tableFrame } from "./prometheus.ts";
import { callsFrame, framesToCalls } from "./service-map.ts";
import { tracesFrame } from "./tempo.ts";

test("formats legends", () => {
  assert.equal(legend("{{service_name}} p99", { service_name: "a" }, "x"), "a p99");
  assert.equal(legend("{{nobody}}", {}, "x"), "");
  assert.equal(legend("", { __name__: "up", job: "a" }, "x"), 'up{job="a"}');
  assert.equal(legend("", {}, "1 + 1"), "1 + 1");
  assert.equal(legend("__auto", { __name__: "up", job: "a" }, "x"), "a");
});

test("converts series to milliseconds, with NaN and infinity", () => {
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

test("converts cumulative buckets to separate counts", () => {
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
  const buckets = cellsOf([frame]);
  assert.equal(buckets.maxCount, 5);
  assert.deepEqual(
    [rowOfValue(buckets, 0.05), rowOfValue(buckets, 0.55), rowOfValue(buckets, 5)],
    [0.5, 1.5, 2.5],
  );
});

test("joins consecutive points with the same state; a gap ends the period", () => {
  const display = (value: unknown) => ({ text: String(value), colour: "" });
  const { periods: found } = statesOf([0, 10, 20, 60, 70], [1, 1, 0, 0, null], 10, display);
  assert.deepEqual(
    found.map(({ from, to, text }) => [from, to, text]),
    [
      [0, 20, "1"],
      [20, 30, "0"],
      [60, 70, "0"],
    ],
  );
});

test("annotations continue while points are consecutive", () => {
  const values = [
    [0, "1"],
    [2, "1"],
    [4, "0"],
    [6, "1"],
    [20, "1"],
  ] as const;
  assert.deepEqual(periodsOf({ values }, 2), [
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

const stream = (...values: [string, string][]) => ({ stream: { a: "1" }, values });

test("log lines survive the conversion to a frame and back", () => {
  const lines = readLines([
    stream(["1700000000000000001", "x"], ["1700000000000000003", "z"]),
    { stream: {}, values: [["1700000000000000002", "y"]] },
  ]).toReversed();
  assert.deepEqual(
    lines.map(({ raw }) => raw),
    ["z", "y", "x"],
  );
  assert.deepEqual(framesToLines([logFrame(lines, "A")]), lines);
});

test("calls survive the conversion to a frame of edges and back", () => {
  const calls = [
    { client: "user", server: "gateway", perSecond: 4, seconds: 0.25, failed: undefined },
    { client: "gateway", server: "a", perSecond: 2, seconds: undefined, failed: 0.5 },
  ];
  assert.deepEqual(framesToCalls([callsFrame(calls, "A")]), calls);
});

test("keeps the slowest of many exemplars in each interval, each once", () => {
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

test("calls without a name are reported in a notice", () => {
  assert.deepEqual(noticesOf([callsFrame([], "A", 1)]), [
    "1 kind of call is not drawn, because the caller or the callee has no name.",
  ]);
  assert.deepEqual(noticesOf([callsFrame([], "A")]), []);
});

test("a result that reaches its limit has a notice that there may be more", () => {
  const lines = readLines([stream(["2", "b"], ["1", "a"])]).toReversed();
  assert.deepEqual(noticesOf([logFrame(lines, "A", 3), logFrame(lines, "B")]), []);
  assert.deepEqual(noticesOf([logFrame(lines, "A", 2), logFrame(lines, "B", 2)]), [
    "The query is limited to 2 lines; there may be more.",
  ]);
  const trace = { service: "", name: "", startedAt: 0, durationMs: 0, matched: 0 };
  const found = [
    { ...trace, id: "1" },
    { ...trace, id: "2" },
  ];
  assert.deepEqual(noticesOf([tracesFrame(found, "A", 5)]), []);
  assert.deepEqual(noticesOf([tracesFrame(found, "A", 4)]), [
    "The query is limited to 4 traces; there may be more.",
  ]);
});

test("a click in the legend shows one series or all; with a key, it hides single series", () => {
  const all = ["a", "b", "c"];
  const alone = toggled(new Set(), "a", all, { alone: true });
  assert.deepEqual([...alone], ["b", "c"]);
  assert.deepEqual([...toggled(alone, "a", all, { alone: true })], []);
  assert.deepEqual([...toggled(new Set(["b"]), "c", all, { alone: false })], ["b", "c"]);
  assert.deepEqual([...toggled(new Set(["b", "c"]), "a", all, { alone: false })], []);
});
