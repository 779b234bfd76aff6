import assert from "node:assert/strict";
import { test } from "node:test";
import { SHARED_COUNTERS_BYTES, sharedCounters } from "../delivery/counters.ts";
import { LogWorkerChannel } from "./shipping.ts";

/** Returns a channel to a worker that reads when the test calls `read`. */
function handover(capacityBytes: number) {
  const memory = new SharedArrayBuffer(SHARED_COUNTERS_BYTES);
  const progress = new SharedArrayBuffer(8);
  const written: string[] = [];
  const toWorker = new LogWorkerChannel(
    { write: (text) => void written.push(text) },
    { capacityBytes, memory, progress },
  );
  const read = () => Atomics.store(new BigInt64Array(progress), 0, BigInt(written.join("").length));
  return { toWorker, written, worked: sharedCounters(memory), read };
}

test("a worker that does not keep up gets no more than its limit; the rest is counted, until it reads again", () => {
  const { toWorker, written, read } = handover(100);
  for (let count = 0; count < 5; count += 1) toWorker.write("x".repeat(40), 2);
  assert.equal(written.length, 2);
  assert.equal(toWorker.dropped, 6);
  read();
  toWorker.write("more\n", 1);
  assert.deepEqual([written.length, toWorker.dropped], [3, 6]);
});

test("when the worker ends, everything that it had not delivered and all later lines are lost", () => {
  const { toWorker, written, worked } = handover(1000);
  toWorker.write("a\nb\nc\nd\n", 4);
  Object.assign(worked, { queued: 2, queuedBytes: 20, delivered: 1, dropped: 1 });
  assert.deepEqual([toWorker.queued, toWorker.queuedBytes, toWorker.dropped], [2, 20, 1]);
  toWorker.died();
  toWorker.write("e\n", 1);
  assert.equal(written.length, 1);
  assert.deepEqual([toWorker.queued, toWorker.queuedBytes], [0, 0]);
  assert.deepEqual([toWorker.delivered, toWorker.dropped], [1, 4]);
});
