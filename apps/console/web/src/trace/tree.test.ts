import assert from "node:assert/strict";
import { test } from "vitest";
import { batch, otlpSpan } from "../test/spans.ts";
import { servicesOf, visibleNodes } from "./times.ts";
import { missingOf, traceOf } from "./tree.ts";

const ids = (nodes: readonly { span: { id: string }; depth: number }[]) =>
  nodes.map(({ span, depth }) => `${depth}${span.id.replace(/^0+/, "")}`);

test("sorts parents before children, and children by start", () => {
  const trace = traceOf({
    batches: [
      batch(
        "x",
        otlpSpan("d", "b", 3, 4),
        otlpSpan("c", "a", 5, 6),
        otlpSpan("b", "a", 2, 4),
        otlpSpan("a", undefined, 0, 9),
      ),
    ],
  });
  assert.deepEqual(ids(trace.nodes), ["0a", "1b", "2d", "1c"]);
  assert.deepEqual([trace.from, trace.to], [0, 9]);
  const closed = new Set(["000000000000000b"]);
  assert.deepEqual(ids(visibleNodes(trace, closed)), ["0a", "1b", "1c"]);
});

test("a span without its parent is a root and marked as orphan", () => {
  const trace = traceOf({ batches: [batch("service-b", otlpSpan("b", "a", 2, 4))] });
  assert.equal(trace.roots[0]?.orphan, true);
  assert.deepEqual(missingOf(trace, ["gateway", "service-b"]), ["its root span", "a span of gateway"]);
  assert.deepEqual(missingOf(undefined, []), ["its first span"]);
});

test("a complete trace has no missing parts", () => {
  const trace = traceOf({
    batches: [batch("gateway", otlpSpan("a", undefined, 0, 9)), batch("service-a", otlpSpan("b", "a", 2, 4))],
  });
  assert.deepEqual(missingOf(trace, ["gateway", "service-a"]), []);
});

test("spans in a cycle are shown once each", () => {
  const trace = traceOf({
    batches: [batch("x", otlpSpan("a", "b", 0, 9), otlpSpan("b", "a", 1, 8), otlpSpan("c", "c", 2, 3))],
  });
  assert.deepEqual(ids(trace.nodes).toSorted(), ["0a", "0c", "1b"]);
  // The parents exist in Tempo, so these spans are not orphans.
  assert.deepEqual(
    trace.roots.map(({ orphan, cyclic }) => [orphan, cyclic]),
    [
      [false, true],
      [false, true],
    ],
  );
  assert.deepEqual(missingOf(trace, []), ["its root span"]);
});

/** Returns the CPU time of this process in milliseconds, which does not depend on the load of the machine. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

test("reads a chain of ten thousand spans in well under a second", () => {
  const spans = Array.from({ length: 10_000 }, (_, index) =>
    otlpSpan(
      (index + 1).toString(16),
      index === 0 ? undefined : index.toString(16),
      index / 10,
      2000 - index / 10,
    ),
  );
  const begin = cpuTime();
  const trace = traceOf({ batches: [batch("x", ...spans.toReversed())] });
  const took = cpuTime() - begin;
  assert.equal(trace.nodes.length, 10_000);
  assert.equal(trace.nodes.at(-1)?.depth, 9_999);
  assert.ok(took < 1000, `${took} ms`);
});

test("reads a parent of ten thousand children in well under a second", () => {
  const spans = Array.from({ length: 10_000 }, (_, index) =>
    otlpSpan((index + 2).toString(16), "1", index, index + 1),
  );
  const begin = cpuTime();
  const trace = traceOf({ batches: [batch("x", otlpSpan("1", undefined, 0, 10_000), ...spans)] });
  assert.equal(trace.roots[0]?.children.length, 10_000);
  assert.ok(cpuTime() - begin < 1000);
});

test("sums up the self time of each service", () => {
  const trace = traceOf({
    batches: [
      batch("gateway", otlpSpan("a", undefined, 0, 10)),
      batch("service-a", otlpSpan("b", "a", 2, 6, { status: { code: 2 } })),
    ],
  });
  assert.deepEqual(servicesOf(trace), [
    { name: "gateway", spans: 1, errors: 0, selfTimeMs: 6 },
    { name: "service-a", spans: 1, errors: 1, selfTimeMs: 4 },
  ]);
});
