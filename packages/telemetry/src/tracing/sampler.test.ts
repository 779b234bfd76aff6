import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { SAMPLERS } from "../otel-variables.ts";
import { chosenSampler } from "./sampler.ts";

/**
 * A trace id in the lower half of all ids, and one in the upper half: the sampler compares the exclusive or of their
 * four words.
 */
const LOW = "00000000000000000000000000000001";
const HIGH = "ffffffff000000000000000000000000";

const parent = (traceFlags: TraceFlags) =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: LOW,
    spanId: "0000000000000001",
    traceFlags,
    isRemote: true,
  });

/**
 * Whether a span is recorded: without a parent, for a low and a high id; with a sampled parent; with an unsampled one.
 */
const EXPECTED: Record<string, [low: boolean, high: boolean, sampled: boolean, unsampled: boolean]> = {
  "": [true, true, true, true],
  always_on: [true, true, true, true],
  always_off: [false, false, false, false],
  traceidratio: [true, false, true, true],
  parentbased_always_on: [true, true, true, false],
  parentbased_always_off: [false, false, true, false],
  parentbased_traceidratio: [true, false, true, false],
};

for (const [name, expected] of Object.entries(EXPECTED))
  test(`OTEL_TRACES_SAMPLER=${name} decides as specified`, () => {
    const sampler = chosenSampler({ name: name || undefined, ratio: 0.5 });
    const records = (context = ROOT_CONTEXT, traceId = LOW, spanName = "GET /hello") =>
      sampler.shouldSample(context, traceId, spanName, SpanKind.SERVER, {}, []).decision ===
      SamplingDecision.RECORD_AND_SAMPLED;
    const { SAMPLED, NONE } = TraceFlags;
    const all = [records(), records(ROOT_CONTEXT, HIGH), records(parent(SAMPLED)), records(parent(NONE))];
    assert.deepEqual(all, expected);
    assert.equal(records(ROOT_CONTEXT, LOW, "grpc.grpc.health.v1.Health/Check"), false, "never a probe");
  });

test("every supported sampler is tested", () => {
  assert.deepEqual(Object.keys(EXPECTED).filter(Boolean).sort(), [...SAMPLERS].sort());
});
