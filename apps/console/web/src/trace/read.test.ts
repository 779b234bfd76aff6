import assert from "node:assert/strict";
import { test } from "vitest";
import { batch, otlpSpan } from "../test/spans.ts";
import { attribute } from "./otlp.ts";
import { readTrace } from "./read.ts";
import { traceOf } from "./tree.ts";

const spans = [otlpSpan("a", undefined, 0, 10), otlpSpan("b", "a", 2.5, 4)];

test("reads the same spans from old and new Tempo formats", () => {
  const one = batch("gateway", ...spans);
  const { scopeSpans, resource } = one;
  const shapes = [
    { batches: [one] },
    { resourceSpans: [one] },
    { trace: { resourceSpans: [one] }, metrics: {} },
    { trace: { batches: [one] } },
    { batches: [{ resource, instrumentationLibrarySpans: scopeSpans }] },
  ];
  for (const shape of shapes) {
    const read = readTrace(shape);
    assert.deepEqual(
      read.spans.map(({ id, parentId, start, end, service }) => ({ id, parentId, start, end, service })),
      [
        { id: "000000000000000a", parentId: undefined, start: 0, end: 10, service: "gateway" },
        { id: "000000000000000b", parentId: "000000000000000a", start: 2.5, end: 4, service: "gateway" },
      ],
    );
    assert.equal(read.startedAt, 1_795_000_000_000);
  }
});

test("a duplicate span counts once; different spans with the same id count twice", () => {
  const other = otlpSpan("b", "a", 5, 6, { name: "another" });
  const { spans: read } = readTrace({ batches: [batch("x", ...spans, ...spans), batch("y", other)] });
  assert.deepEqual(
    read.map(({ key }) => key),
    ["000000000000000a", "000000000000000b", "000000000000000b·2"],
  );
});

test("reads attributes of every type, sorted by key", () => {
  const attributes = [
    { key: "z", value: { intValue: "42" } },
    { key: "big", value: { intValue: "9223372036854775807" } },
    { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { boolValue: true }] } } },
    { key: "map", value: { kvlistValue: { values: [{ key: "k", value: { doubleValue: 0.5 } }] } } },
    { key: "none", value: {} },
  ];
  const { spans: read } = readTrace({
    batches: [batch("x", otlpSpan("a", undefined, 0, 1, { attributes }))],
  });
  assert.deepEqual(read[0]?.attributes, [
    ["big", "9223372036854775807"],
    ["list", ["a", true]],
    ["map", { k: 0.5 }],
    ["none", null],
    ["z", 42],
  ]);
  assert.equal(attribute(read[0]?.attributes ?? [], "list"), '["a",true]');
});

test("reads errors, events and links", () => {
  const span = otlpSpan("a", undefined, 0, 10, {
    kind: 2,
    status: { code: "STATUS_CODE_ERROR", message: "broken" },
    events: [{ name: "exception", timeUnixNano: "1795000000004000000" }],
    links: [{ traceId: "wE4Z9N5rdFSBn2k/HFdghw==", spanId: "DmIXATQLz0w=" }, { traceId: "nonsense" }],
  });
  const [read] = readTrace({ batches: [batch("x", span)] }).spans;
  assert.equal(read?.error, true);
  assert.equal(read?.message, "broken");
  assert.equal(read?.kind, "server");
  assert.deepEqual(read?.events, [{ name: "exception", at: 4, attributes: [] }]);
  assert.deepEqual(read?.links, [
    { traceId: "c04e19f4de6b7454819f693f1c576087", spanId: "0e621701340bcf4c" },
    { traceId: undefined, spanId: "" },
  ]);
});

test("invalid JSON results in a trace without spans", () => {
  const broken = { spanId: "!", startTimeUnixNano: "1" };
  const never = { ...otlpSpan("a", undefined, 0, 1), startTimeUnixNano: "yesterday" };
  for (const response of [
    null,
    [],
    "x",
    {},
    { batches: {} },
    { batches: [null, { scopeSpans: [{ spans: [7] }] }] },
    { batches: [batch("x", broken, never)] },
  ])
    assert.deepEqual(readTrace(response).spans, []);
});

test("a span that ends before it starts has no duration", () => {
  const { spans: read } = readTrace({ batches: [batch("x", otlpSpan("a", undefined, 5, 3))] });
  assert.equal(read[0]?.end, read[0]?.start);
});

const remarksOf = (...spans: readonly unknown[]) => traceOf({ batches: [batch("shop", ...spans)] }).remarks;
const root = otlpSpan("a", undefined, 0, 10);
const { startTimeUnixNano, endTimeUnixNano, ...timeless } = otlpSpan("b", "a", 1, 2);

test("a complete trace has no remarks", () => {
  assert.deepEqual(remarksOf(root, otlpSpan("b", "a", 1, 2)), []);
});

test("remarks list each span that is omitted or changed, with the reason", () => {
  const rows: readonly [spans: readonly unknown[], remark: string][] = [
    [[{ ...timeless, endTimeUnixNano }], "1 span has no start time and is not drawn: span b (shop)."],
    [[{ ...timeless, startTimeUnixNano: "0" }], "1 span has no start time and is not drawn: span b (shop)."],
    [
      [
        { ...timeless, startTimeUnixNano: 0 },
        { ...timeless, name: "" },
      ],
      "2 spans have no start time and are not drawn: span b (shop), (no name) (shop).",
    ],
    [
      [{ ...timeless, startTimeUnixNano, spanId: "" }],
      "1 span has no valid span id and is not drawn: span b (shop).",
    ],
    [[7], "1 span has no valid span id and is not drawn: (no name) (shop)."],
    [
      [{ ...timeless, startTimeUnixNano }],
      "1 span has no end time and is drawn without a duration: span b (shop).",
    ],
    [
      [otlpSpan("b", "a", 5, 3)],
      "1 span ends before it starts and is drawn without a duration: span b (shop).",
    ],
    [[root], "1 span was stored more than once and is drawn once: span a (shop)."],
    [
      [otlpSpan("a", undefined, 2, 3, { parentSpanId: "000000000000000a" })],
      "1 span has the span id of another span; spans below that id are drawn below the other one: span a (shop).",
    ],
    [[otlpSpan("b", undefined, 1, 2)], "This trace has 2 root spans; the title is the name of the first."],
    [[otlpSpan("b", "b", 1, 2)], "1 span is drawn at the top, because parent ids form a cycle."],
    [
      [otlpSpan("b", "c", 1, 3), otlpSpan("c", "b", 1, 2)],
      "1 span is drawn at the top, because parent ids form a cycle.",
    ],
    [
      [otlpSpan("b", "a", 1, 2, { events: Array.from({ length: 51 }, () => ({ name: "tick" })) })],
      "Of 1 span only the first 50 events are marked; select the span to see all.",
    ],
  ];
  for (const [spans, remark] of rows) assert.deepEqual(remarksOf(root, ...spans), [remark]);
});

test("a trace in which no span can be drawn has remarks and no duration", () => {
  const trace = traceOf({ batches: [batch("shop", timeless)] });
  assert.deepEqual([trace.nodes.length, trace.remarks.length], [0, 1]);
});

test("a span without a start time does not extend the trace to 1970", () => {
  const trace = traceOf({ batches: [batch("shop", root, { ...timeless, startTimeUnixNano: "0" })] });
  assert.equal(trace.to - trace.from, 10);
});

test("long lists and names are truncated with a marker", () => {
  const many = Array.from({ length: 12 }, (_, index) => ({
    ...timeless,
    name: `s${index}`.padEnd(200, "x"),
  }));
  const [remark = ""] = remarksOf(root, ...many);
  assert.match(remark, /^12 spans have no start time/);
  assert.match(remark, /, 2 other names\.$/);
  assert.ok(remark.length < 1200 && remark.includes("x… (shop)"));
});

test("a partial response from Tempo causes a remark with the reason", () => {
  const response = {
    status: "PARTIAL",
    message: "too large",
    trace: { resourceSpans: [batch("shop", root)] },
  };
  assert.deepEqual(traceOf(response).remarks, ["Tempo returned only a part of this trace: too large."]);
});
