import assert from "node:assert/strict";
import { test } from "vitest";
import { eventsOf, timingOfEvent, timingOfHeader } from "./try.ts";

const encoder = new TextEncoder();

async function eventsIn(...pieces: readonly (string | Uint8Array)[]) {
  const bytes = pieces.map((one) => (typeof one === "string" ? encoder.encode(one) : one));
  const events = [];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const one of bytes) controller.enqueue(one);
      controller.close();
    },
  });
  for await (const { event, data, id } of eventsOf(body)) events.push([event, data, id]);
  return events;
}

test("parses events regardless of chunk boundaries", async () => {
  const text =
    'event: number\r\ndata: {"value":1}\r\nid: 1\r\n\r\n: a comment\n\nevent: end\ndata: {"é":\ndata: 2}\n\n';
  const expected = [
    ["number", '{"value":1}', "1"],
    ["end", '{"é":\n2}', undefined],
  ];
  assert.deepEqual(
    (await eventsIn(text)).map(([event, data]) => [event, data]),
    expected.map((one) => one.slice(0, 2)),
  );
  const single = [...encoder.encode(text)].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(
    (await eventsIn(...single)).map(([event, data]) => [event, data]),
    expected.map((one) => one.slice(0, 2)),
  );
});

test("ignores an incomplete event", async () => {
  assert.deepEqual(await eventsIn('event: number\ndata: {"value":1}\n'), []);
});

test("cancels the stream when the consumer stops", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encoder.encode("data: x\n\n")),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const _ of eventsOf(body)) break;
  assert.equal(cancelled, true);
});

test("parses the gateway's Server-Timing header", () => {
  const header = 'total;dur=2.204, upstream;dur=1.671;desc="grpc", sent;desc="70", received;desc="105"';
  assert.deepEqual(timingOfHeader(header), { totalMs: 2.204, upstreamMs: 1.671, sent: 70, received: 105 });
  for (const other of [
    null,
    "",
    "total;dur=1",
    'total;dur=x, upstream;dur=1, sent;desc="1", received;desc=""',
  ])
    assert.equal(timingOfHeader(other), undefined, String(other));
});

test("parses the timing event of a stream", () => {
  assert.deepEqual(
    timingOfEvent({ total_ms: 49.1, upstream_ms: 45, protocol: "rest", sent: 311, received: 422 }),
    {
      totalMs: 49.1,
      upstreamMs: 45,
      sent: 311,
      received: 422,
    },
  );
  for (const other of [null, "x", {}, { total_ms: "1" }]) assert.equal(timingOfEvent(other), undefined);
});
