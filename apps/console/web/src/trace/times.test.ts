import assert from "node:assert/strict";
import { test } from "vitest";
import { batch, otlpSpan } from "../test/spans.ts";
import { rowOf } from "./times.ts";
import { traceOf } from "./tree.ts";

const call = otlpSpan("a", undefined, 0, 100, { kind: 3 });
const none = new Set<string>();

function rowsOf(...batches: readonly unknown[]) {
  const trace = traceOf({ batches });
  return trace.nodes.map((node) => rowOf(node, trace, none));
}

test("self time is the time without children, and gaps are its long parts", () => {
  const [top] = rowsOf(
    batch("x", call, otlpSpan("b", "a", 0, 40), otlpSpan("c", "a", 30, 60), otlpSpan("d", "a", 62, 90)),
  );
  assert.deepEqual(top?.selfTime, [
    { left: 60, width: 2 },
    { left: 90, width: 10 },
  ]);
  assert.deepEqual(top?.gaps, [{ left: 90, width: 10, ms: 10 }]);
});

test("ignores the part of a child after the end of its parent", () => {
  const [top, child] = rowsOf(batch("x", call, otlpSpan("b", "a", 50, 200)));
  assert.deepEqual(top?.selfTime, [{ left: 0, width: 25 }]);
  assert.deepEqual([child?.left, child?.width], [25, 75]);
});

test("a trace without duration has the full width", () => {
  const [only] = rowsOf(batch("x", otlpSpan("a", undefined, 5, 5)));
  assert.deepEqual([only?.left, only?.width], [0, 100]);
});

test("spans of a service with a wrong clock are moved into the call, with their children", () => {
  for (const off of [-500, 700]) {
    const served = otlpSpan("b", "a", off + 20, off + 80, { kind: 2 });
    const [, server, inner] = rowsOf(
      batch("gateway", call),
      batch("service-b", served, otlpSpan("c", "b", off + 30, off + 40)),
    );
    assert.deepEqual([server?.left, server?.width], [20, 60]);
    assert.deepEqual([inner?.left, inner?.width], [30, 10]);
    assert.equal(server?.node.shift, -off);
  }
});

test("ignores rounding to milliseconds, and services that continue after their caller disconnected", () => {
  const shifts = (from: number, to: number) =>
    rowsOf(batch("gateway", call), batch("service-b", otlpSpan("b", "a", from, to, { kind: 2 }))).map(
      ({ node }) => node.shift,
    );
  assert.deepEqual(shifts(-1, 50), [0, 0]);
  assert.deepEqual(shifts(50, 400), [0, 0]);
});
