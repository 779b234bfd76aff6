import assert from "node:assert/strict";
import { test } from "node:test";
import { newCounters } from "./counters.ts";
import { DeliveryQueue, type Outcome } from "./queue.ts";

const ACCEPTED: Outcome = { accepted: true };
const LATER: Outcome = { retry: true, reason: "away" };

/** A queue whose receiver gives these answers, then accepts; and what it saw and said. */
function queueOf(answers: (Outcome | Promise<Outcome>)[], capacity = 100) {
  const counters = newCounters();
  const sent: string[] = [];
  const said: string[] = [];
  const queue = new DeliveryQueue<string>({
    items: "things",
    capacity,
    counters,
    async send(payload) {
      sent.push(payload);
      return (await answers.shift()) ?? ACCEPTED;
    },
    complain: (message) => void said.push(message),
  });
  return { queue, counters, sent, said };
}

/** An answer that the test gives when it wants to. */
const held = () => Promise.withResolvers<Outcome>();

test("sends a batch again until it is accepted, before any later one", async () => {
  const { queue, counters, sent, said } = queueOf([LATER, LATER, ACCEPTED]);
  queue.offer("first", 3);
  queue.offer("second", 4);
  assert.equal(counters.queued, 7);
  assert.equal(await queue.flush(5000), true);
  assert.deepEqual(sent, ["first", "first", "first", "second"]);
  assert.deepEqual(counters, { queued: 0, delivered: 7, dropped: 0 });
  assert.deepEqual(said, []);
});

test("drops what the receiver refuses for good, counts it, and goes on", async () => {
  const { queue, counters, sent, said } = queueOf([{ refuse: true, reason: "400 nonsense" }]);
  queue.offer("bad", 2);
  queue.offer("good", 5);
  await queue.flush(5000);
  assert.deepEqual(sent, ["bad", "good"]);
  assert.deepEqual(counters, { queued: 0, delivered: 5, dropped: 2 });
  assert.equal(said[0], "dropping things: the receiver refused them: 400 nonsense");
});

test("counts the part of an accepted batch that was refused", async () => {
  const { queue, counters } = queueOf([{ accepted: true, refused: 2, reason: "too old" }]);
  queue.offer("batch", 5);
  await queue.flush(5000);
  assert.deepEqual(counters, { queued: 0, delivered: 3, dropped: 2 });
});

test("when full it drops the newest, says so once, and says how many when it works again", async () => {
  const first = held();
  const { queue, counters, sent, said } = queueOf([first.promise], 10);
  queue.offer("a", 6);
  queue.offer("b", 4);
  for (const late of ["c", "d", "e"]) queue.offer(late, 5);
  assert.deepEqual(counters, { queued: 10, delivered: 0, dropped: 15 });
  assert.deepEqual(said, ["dropping things: the buffer of 10 is full"]);
  first.resolve(ACCEPTED);
  await queue.flush(5000);
  assert.deepEqual(sent, ["a", "b"]);
  assert.deepEqual(said.slice(1), ["delivering again; 15 things were dropped"]);
  assert.equal(counters.delivered, 10);
});

test("flush gives up after its time, and keeps what it has", async () => {
  const { queue, counters } = queueOf([held().promise]);
  queue.offer("stuck", 1);
  const startedAt = performance.now();
  assert.equal(await queue.flush(30), false);
  assert.ok(performance.now() - startedAt < 1000);
  assert.equal(counters.queued, 1);
});

test("what is abandoned is counted and said, and an answer that comes too late changes nothing", async () => {
  const late = held();
  const { queue, counters, said } = queueOf([late.promise]);
  queue.offer("a", 2);
  queue.offer("b", 3);
  queue.abandon();
  late.resolve(ACCEPTED);
  await late.promise;
  assert.deepEqual(counters, { queued: 0, delivered: 0, dropped: 5 });
  assert.deepEqual(said, ["5 things could not be delivered before the process ended"]);
});
