import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { newCounters } from "./counters.ts";
import { DeliveryQueue, type SendResult } from "./queue.ts";

const ACCEPTED: SendResult = { accepted: true };
const LATER: SendResult = { retry: true, reason: "down" };

/** Creates a queue whose receiver returns these responses and then accepts. Records what was received and reported. */
function queueOf(
  responses: (SendResult | Promise<SendResult>)[],
  { capacity = 100, capacityBytes = 10_000 } = {},
) {
  const counters = newCounters();
  const sent: string[] = [];
  const reports: string[] = [];
  const queue = new DeliveryQueue({
    items: "things",
    capacity,
    capacityBytes,
    counters,
    async send(body) {
      sent.push(body.toString());
      return (await responses.shift()) ?? ACCEPTED;
    },
    join: Buffer.concat,
    report: (message) => void reports.push(message),
  });
  const offer = (text: string, items: number) => queue.offer(Buffer.from(text), items);
  return { queue, offer, counters, sent, reports };
}

/** Returns text that does not compress. */
const noise = (bytes: number) => randomBytes(bytes).toString("base64").slice(0, bytes);

/** Returns a response that is sent when the test resolves it. */
const held = () => Promise.withResolvers<SendResult>();

test("retries a batch until it is accepted, before it sends a later one", async () => {
  const { queue, offer, counters, sent, reports } = queueOf([LATER, LATER, ACCEPTED]);
  offer("first", 3);
  offer("second", 4);
  assert.equal(counters.queued, 7);
  assert.equal(await queue.flush(5000), true);
  assert.deepEqual(sent, ["first", "first", "first", "second"]);
  assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 7, dropped: 0 });
  assert.deepEqual(reports, []);
});

test("drops and counts a batch that the receiver rejects permanently, and continues", async () => {
  const { queue, offer, counters, sent, reports } = queueOf([{ reject: true, reason: "400 nonsense" }]);
  offer("bad", 2);
  offer("good", 5);
  await queue.flush(5000);
  assert.deepEqual(sent, ["bad", "good"]);
  assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 5, dropped: 2 });
  assert.equal(reports[0], "dropping things: the receiver rejected them: 400 nonsense");
});

test("counts the rejected part of an accepted batch", async () => {
  const { queue, offer, counters } = queueOf([{ accepted: true, rejected: 2, reason: "too old" }]);
  offer("batch", 5);
  await queue.flush(5000);
  assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 3, dropped: 2 });
});

test("when full it drops the newest, reports this once, and reports the number when delivery works again", async () => {
  const first = held();
  const { queue, offer, counters, sent, reports } = queueOf([first.promise], { capacity: 10 });
  offer("a", 6);
  offer("b", 4);
  for (const late of ["c", "d", "e"]) offer(late, 5);
  assert.deepEqual(counters, { queued: 10, queuedBytes: 2, delivered: 0, dropped: 15 });
  assert.deepEqual(reports, ["dropping things: the queue of 10 is full"]);
  first.resolve(ACCEPTED);
  await queue.flush(5000);
  assert.deepEqual(sent, ["a", "b"]);
  assert.deepEqual(reports.slice(1), ["delivering again; 15 things were dropped"]);
  assert.equal(counters.delivered, 10);
});

test("respects the limit in bytes with few large batches, many small ones, and one above the limit", async () => {
  const { queue, offer, counters, reports } = queueOf([LATER], {
    capacity: 1_000_000,
    capacityBytes: 1000,
  });
  offer(noise(1001), 7); // it never fits, and must not keep others out of the queue
  offer(noise(600), 1);
  offer(noise(600), 2);
  for (let count = 0; count < 100; count += 1) offer(noise(10), 1);
  const { queued, queuedBytes, dropped } = counters;
  assert.ok(queuedBytes > 900 && queuedBytes <= 1000, `${queuedBytes} bytes wait`);
  assert.equal(queued + dropped, 110);
  assert.ok(queued > 3 && dropped >= 7, `${queued} wait, ${dropped} were dropped`);
  assert.deepEqual(reports, ["dropping things: the request is larger than the queue of 1000 bytes"]);
  assert.equal(await queue.flush(5000), true);
  assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: queued, dropped });
  assert.equal(reports[1], `delivering again; ${dropped} things were dropped`);
});

test("while the receiver is unavailable, waiting batches are joined and compressed, and later sent unchanged, in order", async () => {
  const { queue, offer, counters, sent } = queueOf([LATER], { capacity: 50_000, capacityBytes: 500_000 });
  const items = Array.from(
    { length: 20_000 },
    (_, index) => `{"number":${index},"text":"always the same words"}`,
  );
  offer(items[0] ?? "", 1);
  await setImmediate(); // the first attempt has failed
  for (const item of items.slice(1)) offer(item, 1);
  const size = items.join("").length;
  assert.ok(size > 800_000, "larger than the queue without compression");
  assert.equal(counters.dropped, 0);
  assert.ok(counters.queuedBytes < size / 3, `${size} bytes took ${counters.queuedBytes}`);
  assert.equal(await queue.flush(5000), true);
  assert.equal(sent.slice(1).join(""), items.join(""));
  assert.ok(sent.length < 30, `sent in ${sent.length} requests`);
  assert.equal(counters.delivered, items.length);
});

test("a burst that fits only when compressed is kept, also while the receiver is up", async () => {
  const first = held();
  const { queue, offer, counters, sent } = queueOf([first.promise], { capacityBytes: 1000 });
  for (const text of ["a", "b", "c", "d"]) offer(text.repeat(900), 1);
  assert.deepEqual([counters.queued, counters.dropped], [4, 0]);
  first.resolve(ACCEPTED);
  assert.equal(await queue.flush(5000), true);
  assert.deepEqual(sent.join(""), ["a", "b", "c", "d"].map((text) => text.repeat(900)).join(""));
});

test("a receiver that is only busy causes no compression", async () => {
  const first = held();
  const { queue, offer, counters } = queueOf([first.promise]);
  for (const text of ["a", "b", "c"]) offer(text.repeat(1000), 1);
  assert.equal(counters.queuedBytes, 3000);
  first.resolve(ACCEPTED);
  assert.equal(await queue.flush(5000), true);
});

test("flush ends after its timeout and keeps the remaining items", async () => {
  const { queue, offer, counters } = queueOf([held().promise]);
  offer("stuck", 1);
  const startedAt = performance.now();
  assert.equal(await queue.flush(30), false);
  assert.ok(performance.now() - startedAt < 1000);
  assert.equal(counters.queued, 1);
});

test("abandoned items are counted and reported, and a late response has no effect", async () => {
  const late = held();
  const { queue, offer, counters, reports } = queueOf([late.promise]);
  offer("a", 2);
  offer("b", 3);
  queue.abandon();
  late.resolve(ACCEPTED);
  await late.promise;
  assert.deepEqual(counters, { queued: 0, queuedBytes: 0, delivered: 0, dropped: 5 });
  assert.deepEqual(reports, ["5 things could not be delivered before the process ended"]);
});

const REJECTED: SendResult = { reject: true, reason: "malformed" };
const IN_PART: SendResult = { accepted: true, rejected: 1, reason: "one of them" };

/** Responses to batches of 2 things, and how many "delivering again" reports follow. */
const AGAIN: [responses: SendResult[], times: number][] = [
  [[REJECTED], 0],
  [[REJECTED, REJECTED, REJECTED], 0],
  [[REJECTED, LATER, REJECTED], 0],
  [[IN_PART, IN_PART], 0],
  [[REJECTED, ACCEPTED], 1],
  [[REJECTED, REJECTED, LATER, ACCEPTED, ACCEPTED], 1],
  [[IN_PART, ACCEPTED], 1],
  [[ACCEPTED, REJECTED], 0],
  [[ACCEPTED, ACCEPTED], 0],
];

for (const [responses, times] of AGAIN)
  test(`"delivering again" is reported ${times} times after ${JSON.stringify(responses)}`, async () => {
    const { queue, reports } = queueOf([...responses]);
    for (const response of responses)
      if (!("retry" in response)) {
        queue.offer(Buffer.from("batch"), 2);
        await queue.flush(5000);
      }
    assert.equal(reports.filter((message) => message.startsWith("delivering again")).length, times);
  });

test("a receiver that rejects every second batch is reported once per quiet period, and every loss is reported", async (t) => {
  let now = 1_000_000;
  t.mock.method(performance, "now", () => now);
  const responses = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? REJECTED : ACCEPTED));
  const { queue, offer, reports } = queueOf(responses);
  for (let count = 0; count < 20; count += 1) {
    offer("batch", 1);
    await queue.flush(5000);
  }
  assert.deepEqual(reports, [
    "dropping things: the receiver rejected them: malformed",
    "delivering again; 1 things were dropped",
  ]);
  now += 31_000;
  offer("batch", 1);
  await queue.flush(5000);
  offer("batch", 1);
  await queue.flush(5000);
  assert.deepEqual(reports.slice(2), ["9 things were dropped: the receiver rejected them: malformed"]);
});

test("a loss that begins within the quiet period and continues is reported after it", async (t) => {
  let now = 1_000_000;
  t.mock.method(performance, "now", () => now);
  const { queue, offer, reports } = queueOf([REJECTED, ACCEPTED, REJECTED, REJECTED, ACCEPTED]);
  for (const wait of [0, 0, 0, 31_000, 0]) {
    now += wait;
    offer("batch", 1);
    await queue.flush(5000);
  }
  assert.deepEqual(reports, [
    "dropping things: the receiver rejected them: malformed",
    "delivering again; 1 things were dropped",
    "dropping things: the receiver rejected them: malformed",
    "delivering again; 2 things were dropped",
  ]);
});

for (const [outcome, freed] of [
  [REJECTED, false],
  [ACCEPTED, true],
] as const)
  test(`the memory of a compressed batch is ${freed ? "freed once accepted" : "kept after a rejection, because it may still be written"}`, async () => {
    const first = held();
    const bodies: Buffer[] = [];
    const queue = new DeliveryQueue({
      items: "things",
      capacity: 100,
      capacityBytes: 50_000,
      counters: newCounters(),
      async send(body) {
        bodies.push(body);
        return bodies.length === 1 ? first.promise : outcome;
      },
      join: Buffer.concat,
      report: () => {},
    });
    for (const text of ["a", "b"]) queue.offer(Buffer.from(text.repeat(49_000)), 1);
    first.resolve(ACCEPTED);
    await queue.flush(5000);
    assert.equal(bodies[1]?.buffer.byteLength === 0, freed);
  });
