import assert from "node:assert/strict";
import { test } from "node:test";
import { openLoop } from "./open-loop.ts";

test("requests are sent on time while no earlier request is answered", async () => {
  const stop = new AbortController();
  const sent: number[] = [];
  const began = performance.now();
  await openLoop({
    perSecond: 100,
    maxInFlight: 1000,
    signal: stop.signal,
    skipped: () => assert.fail("none is skipped"),
    send: (index) => {
      sent.push(performance.now() - began);
      if (index === 49) stop.abort();
      return new Promise(() => {});
    },
  });
  assert.equal(sent.length, 50);
  // The 50th is due after 490 ms. In a loop that adds up its delays it would be much later, even on a busy machine.
  assert.ok((sent[49] ?? 0) >= 480, `${sent[49]} ms`);
});

test("requests beyond the limit are not sent, but counted", async () => {
  const stop = new AbortController();
  let sent = 0;
  let skipped = 0;
  await openLoop({
    perSecond: 500,
    maxInFlight: 3,
    signal: stop.signal,
    skipped: () => ++skipped === 10 && stop.abort(),
    send: () => {
      sent += 1;
      return new Promise(() => {});
    },
  });
  assert.deepEqual({ sent, skipped }, { sent: 3, skipped: 10 });
});
