import assert from "node:assert/strict";
import { test } from "node:test";
import { type ReadableSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import { optimizedSpans } from "./optimized-spans.ts";

const provider = new TracerProvider();
const started = (tracers: Pick<TracerProvider, "getTracer">) =>
  tracers.getTracer("tested").startSpan("name", {
    kind: 1,
    attributes: { text: "a", number: 1, flag: false, list: ["x", "y"], nothing: undefined },
  }) as unknown as ReadableSpan;

test("a span starts with the same name, kind and attributes as the SDK's own", () => {
  const [ours, full] = [started(optimizedSpans(provider)), started(provider)];
  assert.deepEqual(ours.attributes, full.attributes);
  assert.deepEqual([ours.name, ours.kind], [full.name, full.kind]);
});

test("a span that is not recorded is not changed", () => {
  const never = new TracerProvider({ sampler: { shouldSample: () => ({ decision: 0 }) } });
  const span = optimizedSpans(never)
    .getTracer("tested")
    .startSpan("name", { attributes: { a: 1 } });
  assert.equal(span.isRecording(), false);
});
