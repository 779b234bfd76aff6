import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { status } from "@grpc/grpc-js";
import {
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { FakeCollector, freePort } from "../../test/collector.ts";
import { partialSuccess } from "../../test/wire.ts";
import { newCounters } from "../delivery/counters.ts";
import { listenToDiagnostics } from "./diagnostics.ts";
import { otlpSender } from "./otlp-sender.ts";
import { BufferingSpanExporter, spanBatches } from "./span-exporter.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function collector(port?: number): Promise<FakeCollector> {
  const started = await new FakeCollector(port).start();
  cleanups.push(() => started.stop());
  return started;
}

/** Returns an exporter to `endpoint`, its counters and messages, and a function that ends a span into it. */
function exporterTo(endpoint: string, { capacity = 1000, capacityBytes = 2 ** 24, timeoutMs = 5000 } = {}) {
  const counters = newCounters();
  const reports: string[] = [];
  const exporter = new BufferingSpanExporter({
    sender: otlpSender(endpoint, timeoutMs),
    capacity,
    capacityBytes,
    counters,
    report: (message) => void reports.push(message),
  });
  const tracer = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: exporter as SpanExporter })],
  }).getTracer("test");
  cleanups.push(() => exporter.shutdown());
  return { exporter, counters, reports, endSpan: (name: string) => tracer.startSpan(name).end() };
}

const names = (receiver: FakeCollector) => receiver.spans.map((span) => span.name);

test("spans that end while the collector is unavailable are delivered in order soon after it is available again", async () => {
  const port = await freePort();
  const { exporter, counters, reports, endSpan } = exporterTo(`http://127.0.0.1:${port}`);
  const expected = Array.from({ length: 20 }, (_, index) => `span ${index}`);
  for (const name of expected) endSpan(name);
  // Long enough for grpc-js's own pauses (1 s, ×1.6) to have grown beyond the limit below.
  assert.equal(await exporter.flush(6000), false, "nothing listens yet");
  assert.equal(counters.queued, 20);

  const receiver = await collector(port);
  const cameBackAt = performance.now();
  assert.equal(await exporter.flush(10_000), true);
  const tookMs = performance.now() - cameBackAt;
  assert.deepEqual(names(receiver), expected);
  assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 20, dropped: 0 });
  assert.ok(tookMs < 2000, `reconnected after ${tookMs} ms, allowed 2000`);
  assert.deepEqual(reports, []);
});

for (const code of [status.UNAVAILABLE, status.RESOURCE_EXHAUSTED, status.DEADLINE_EXCEEDED, status.INTERNAL])
  test(`a span refused with ${status[code]} is retried`, async () => {
    const receiver = await collector();
    receiver.responses.push(code, code);
    const { exporter, counters, endSpan } = exporterTo(receiver.endpoint);
    endSpan("persistent");
    assert.equal(await exporter.flush(5000), true);
    assert.equal(receiver.attempts, 3);
    assert.deepEqual(names(receiver), ["persistent"]);
    assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 1, dropped: 0 });
  });

for (const code of [status.INVALID_ARGUMENT, status.UNIMPLEMENTED, status.PERMISSION_DENIED])
  test(`a span rejected with ${status[code]} is dropped, counted and reported; the next is delivered`, async () => {
    const receiver = await collector();
    receiver.responses.push(code);
    const { exporter, counters, reports, endSpan } = exporterTo(receiver.endpoint);
    endSpan("bad");
    endSpan("good");
    await exporter.flush(5000);
    assert.deepEqual(names(receiver), ["good"]);
    assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 1, dropped: 1 });
    assert.match(reports[0] ?? "", new RegExp(`^dropping spans: .*${status[code]}`));
  });

test("spans that a partial success rejects are counted as dropped", async () => {
  listenToDiagnostics();
  const receiver = await collector();
  receiver.responses.push(partialSuccess(1));
  const { exporter, counters, endSpan } = exporterTo(receiver.endpoint);
  endSpan("half");
  await exporter.flush(5000);
  assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 0, dropped: 1 });
});

test("a full buffer drops and counts spans, and reports this once", async () => {
  const { counters, reports, endSpan } = exporterTo(`http://127.0.0.1:${await freePort()}`, { capacity: 3 });
  for (let index = 0; index < 10; index += 1) endSpan(`span ${index}`);
  assert.deepEqual([counters.queued, counters.dropped], [3, 7]);
  assert.deepEqual(reports, ["dropping spans: the queue of 3 is full"]);
});

/** Ends spans into the SDK's batches, as a service does. */
function batchesTo(endpoint: string, limits: { capacity?: number; capacityBytes?: number } = {}) {
  const { exporter, ...rest } = exporterTo(endpoint, limits);
  const batches = spanBatches(exporter, { capacity: limits.capacity ?? 1000 });
  const tracer = new TracerProvider({ spanProcessors: [batches] }).getTracer("test");
  return { ...rest, exporter, batches, tracer };
}

test("ten thousand spans that end at once all reach the queue or are counted", async () => {
  const limits = { capacity: 2000, capacityBytes: 2 ** 24 };
  const { batches, counters, tracer } = batchesTo(`http://127.0.0.1:${await freePort()}`, limits);
  for (let index = 0; index < 10_000; index += 1) tracer.startSpan(`span ${index}`).end();
  await batches.forceFlush();
  assert.equal(counters.queued + counters.dropped, 10_000);
  assert.ok(counters.queued > 1400 && counters.queued <= 2000, `${counters.queued} wait`);
});

test("large spans do not wait as objects, and only a span above the limit is lost", async () => {
  const limits = { capacity: 1000, capacityBytes: 4 * 2 ** 20 };
  const { exporter, batches, counters, reports, tracer } = batchesTo((await collector()).endpoint, limits);
  const end = (size: number) => tracer.startSpan("s", { attributes: { text: "x".repeat(size) } }).end();
  for (const size of [1, 1, 5 * 2 ** 20, 1]) end(size);
  assert.equal(counters.dropped, 1, "passed on at once, without waiting for the delay");
  await batches.forceFlush();
  assert.equal(await exporter.flush(5000), true);
  assert.equal(counters.delivered, 3);
  assert.match(reports[0] ?? "", /^dropping spans: the request is larger than the queue of 4194304 bytes$/);
});

test("only a span that cannot be serialized is dropped, and it is counted", async () => {
  const { exporter, counters, reports } = exporterTo((await collector()).endpoint);
  const good = new TracerProvider().getTracer("test").startSpan("good") as unknown as ReadableSpan;
  const bad = { ...good, spanContext: () => assert.fail("no context") } as unknown as ReadableSpan;
  exporter.export([good, bad, good], () => {});
  assert.equal(await exporter.flush(5000), true);
  assert.deepEqual([counters.delivered, counters.dropped], [2, 1]);
  assert.match(reports[0] ?? "", /^dropping spans: cannot serialize: .*no context/);
});
