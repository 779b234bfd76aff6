import assert from "node:assert/strict";
import { test } from "node:test";
import { readTrace } from "./read.ts";
import { attribute } from "./span.ts";
import { batch, otlpSpan } from "./test-spans.ts";

const spans = [otlpSpan("a", undefined, 0, 10), otlpSpan("b", "a", 2.5, 4)];

test("Tempo's shapes, old and new, hold the same spans", () => {
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

test("a span that was sent twice counts once, two that claim one id are two", () => {
  const other = otlpSpan("b", "a", 5, 6, { name: "another" });
  const { spans: read } = readTrace({ batches: [batch("x", ...spans, ...spans), batch("y", other)] });
  assert.deepEqual(
    read.map(({ key }) => key),
    ["000000000000000a", "000000000000000b", "000000000000000b·2"],
  );
});

test("attributes of every type are read, and sorted", () => {
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

test("errors, events and links are read", () => {
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
  ]);
});

test("what is not a trace has no spans, and breaks nothing", () => {
  const broken = { spanId: "!", startTimeUnixNano: "1" };
  const never = { ...otlpSpan("a", undefined, 0, 1), startTimeUnixNano: "yesterday" };
  for (const answer of [
    null,
    [],
    "x",
    {},
    { batches: {} },
    { batches: [null, { scopeSpans: [{ spans: [7] }] }] },
    { batches: [batch("x", broken, never)] },
  ])
    assert.deepEqual(readTrace(answer).spans, []);
});

test("a span that ends before it starts has no duration", () => {
  const { spans: read } = readTrace({ batches: [batch("x", otlpSpan("a", undefined, 5, 3))] });
  assert.equal(read[0]?.end, read[0]?.start);
});
