import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { type Logger, pino, transport } from "pino";
import { freePort } from "../../test/collector.ts";
import { FakeLoki } from "../../test/loki.ts";
import { type Counters, SHARED_COUNTERS_BYTES, sharedCounters } from "../delivery/counters.ts";
import { lokiLevel } from "./levels.ts";
import { timestamp } from "./logger.ts";
import type { LokiWorkerOptions } from "./loki-worker.ts";

const IDS = { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function loki(port?: number): Promise<FakeLoki> {
  const started = await new FakeLoki(port).start();
  cleanups.push(() => started.stop());
  return started;
}

interface Shipped {
  logger: Logger;
  counters: Counters;
  /** Passes a serialized line to the worker. */
  write(line: string): void;
  flush(): Promise<void>;
}

/** Returns a logger whose lines only go to Loki at `url`, through the real worker thread. */
function shippingTo(url: string, capacity = 1000, capacityBytes = 2 ** 24): Shipped {
  const memory = new SharedArrayBuffer(SHARED_COUNTERS_BYTES);
  const progress = new SharedArrayBuffer(8);
  const options: LokiWorkerOptions = {
    url,
    setting: `LOKI_URL=${url}`,
    serviceName: "tested",
    capacity,
    capacityBytes,
    counters: memory,
    progress,
  };
  const worker = transport({ target: new URL("./loki-worker.ts", import.meta.url).href, options });
  cleanups.push(
    () =>
      new Promise((closed) => {
        worker.once("close", closed);
        worker.end();
      }),
  );
  const logger = pino(
    { base: null, timestamp, formatters: { level: (label) => ({ level: lokiLevel(label) }) } },
    worker,
  );
  return {
    logger,
    counters: sharedCounters(memory),
    write: (line) => void worker.write(line),
    flush: () => new Promise((flushed) => worker.flush(() => flushed())),
  };
}

const messages = (receiver: FakeLoki) => receiver.entries.map((entry) => entry.line.msg);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`);
const totals = ({ queued, delivered, dropped }: Counters) => ({ queued, delivered, dropped });

test("lines of the audit log are in a separate stream", async () => {
  const receiver = await loki();
  const { logger, flush, write } = shippingTo(receiver.url);
  logger.info("a line of the app");
  write(
    `{"level":"info","time":"${Date.now()}000000","log":"audit","service_name":"tested","msg":"allowed"}\n`,
  );
  await flush();
  const labels = Object.fromEntries(receiver.entries.map((entry) => [String(entry.line.msg), entry.labels]));
  assert.deepEqual(labels, {
    "a line of the app": { level: "info", service_name: "tested" },
    allowed: { level: "info", service_name: "tested-audit", log: "audit" },
  });
});

test("a line has two labels, its trace ids as structured metadata, and the same text as on stdout", async () => {
  const receiver = await loki();
  const { logger, flush } = shippingTo(receiver.url);
  logger.warn({ ...IDS, meta: "the app's own" }, "careful");
  logger.info("outside a trace");
  await flush();
  const [inTrace, outside] = receiver.entries;
  assert.deepEqual(inTrace?.labels, { level: "warning", service_name: "tested" });
  assert.deepEqual(inTrace?.metadata, IDS);
  const { time, ...line } = inTrace?.line ?? {};
  assert.deepEqual(line, { level: "warning", ...IDS, meta: "the app's own", msg: "careful" });
  assert.equal(inTrace?.time, time);
  assert.deepEqual(outside?.metadata, {});
});

test("lines with the same labels are one stream, whatever their text is", async () => {
  const receiver = await loki();
  const { logger, flush } = shippingTo(receiver.url);
  const texts = ['"}},{"stream":{"a":"b"},"values":[["1","x"]]', ']]},{"stream":', ',"values":[', "\\"];
  for (const text of texts) logger.info(IDS, text);
  logger.error({ text: { stream: { level: "info" }, values: [["1", "x"]] } }, "nested");
  logger.info("the last");
  await flush();
  assert.deepEqual(messages(receiver).sort(), [...texts, "nested", "the last"].sort());
  assert.deepEqual(receiver.streamSizes.toSorted(), [1, 5]);
  assert.deepEqual(new Set(receiver.entries.map(({ labels }) => labels.level)), new Set(["info", "error"]));
});

test("a burst is split into pushes of limited size, without losing a line", async () => {
  const receiver = await loki();
  const { logger, counters, flush } = shippingTo(receiver.url);
  const text = "x".repeat(300_000);
  for (const line of numbered(12)) logger.info({ text }, line);
  await flush();
  assert.deepEqual(messages(receiver), numbered(12));
  assert.ok(receiver.attempts >= 3, `${receiver.attempts} pushes`);
  assert.deepEqual(totals(counters), { queued: 0, delivered: 12, dropped: 0 });
});

test("ids inside other fields are not a line's metadata", async () => {
  const receiver = await loki();
  const { logger, flush } = shippingTo(receiver.url);
  logger.info({ message: IDS, list: [IDS] }, JSON.stringify(IDS));
  await flush();
  assert.deepEqual(receiver.entries[0]?.metadata, {});
});

test("lines whose timestamps are a day off are stored with Loki's time once it is known", async (t) => {
  const receiver = await loki();
  const { logger, counters, flush } = shippingTo(receiver.url);
  const logYesterday = (...texts: string[]) => {
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() - 86_400_000 });
    for (const text of texts) logger.info(text);
    t.mock.timers.reset();
    return flush();
  };
  const now = Date.now();
  logger.info("right");
  await flush();
  receiver.responses.push(400); // as Loki responds to lines that are a day behind
  await logYesterday("first");
  await logYesterday("second", "third");
  assert.deepEqual(messages(receiver), ["right", "first", "second", "third"]);
  const times = receiver.entries.map((entry) => Number(entry.time.slice(0, -6)));
  assert.ok(
    times.every((time) => Math.abs(time - now) < 60_000),
    String(times),
  );
  const ownTime = Number(String(receiver.entries[1]?.line.time).slice(0, -6));
  assert.ok(ownTime < now - 86_000_000, "the JSON of the line keeps its own time");
  assert.deepEqual(totals(counters), { queued: 0, delivered: 4, dropped: 0 });
});

test("every level keeps its name from stdout to the label", async () => {
  const receiver = await loki();
  const { logger, flush } = shippingTo(receiver.url);
  for (const level of ["info", "warn", "error", "fatal"] as const) logger[level](level);
  await flush();
  assert.deepEqual(
    receiver.entries.map((entry) => [entry.line.msg, entry.line.level, entry.labels.level]),
    [
      ["info", "info", "info"],
      ["warn", "warning", "warning"],
      ["error", "error", "error"],
      ["fatal", "critical", "critical"],
    ],
  );
});

test("lines written while Loki is unavailable are stored once, in order, when it is available again", async () => {
  const port = await freePort();
  const { logger, counters, flush } = shippingTo(`http://127.0.0.1:${port}`);
  for (const message of numbered(50)) logger.info(message);
  const receiver = await loki(port);
  await flush();
  assert.deepEqual(messages(receiver), numbered(50));
  const times = receiver.entries.map((entry) => entry.time);
  assert.deepEqual(times, [...new Set(times)].sort(), "times grow strictly");
  assert.deepEqual(totals(counters), { queued: 0, delivered: 50, dropped: 0 });
});

test("flush waits for a whole burst, not only for one batch", async () => {
  const receiver = await loki();
  const { logger, counters, flush } = shippingTo(receiver.url, 100_000);
  const burst = numbered(30_000);
  for (const message of burst) logger.info(message);
  await flush();
  assert.deepEqual(totals(counters), { queued: 0, delivered: burst.length, dropped: 0 });
  assert.deepEqual(messages(receiver), burst);
});

for (const status of [500, 503, 429])
  test(`a push answered with ${status} is retried`, async () => {
    const receiver = await loki();
    receiver.responses.push(status, status);
    const { logger, counters, flush } = shippingTo(receiver.url);
    logger.info("persistent");
    await flush();
    assert.equal(receiver.attempts, 3);
    assert.deepEqual(messages(receiver), ["persistent"]);
    assert.deepEqual(totals(counters), { queued: 0, delivered: 1, dropped: 0 });
  });

test("a push rejected with 400 is dropped and counted, and later lines are delivered", async () => {
  const receiver = await loki();
  receiver.responses.push(400);
  const { logger, counters, flush } = shippingTo(receiver.url);
  logger.info("bad");
  await flush();
  logger.info("good");
  await flush();
  assert.deepEqual(messages(receiver), ["good"]);
  assert.deepEqual(totals(counters), { queued: 0, delivered: 1, dropped: 1 });
});

test("lines that do not fit into the queue are counted, and the others are kept", async () => {
  const port = await freePort();
  const { logger, counters, flush } = shippingTo(`http://127.0.0.1:${port}`, 10);
  for (const message of numbered(10)) logger.info(message);
  while (counters.queued < 10) await new Promise(setImmediate);
  for (const message of ["too", "many"]) logger.info(message);
  while (counters.dropped < 2) await new Promise(setImmediate);
  const receiver = await loki(port);
  await flush();
  assert.deepEqual(messages(receiver), numbered(10));
  assert.deepEqual(totals(counters), { queued: 0, delivered: 10, dropped: 2 });
});

test("the limit in bytes is respected, and only a line above it is lost", async () => {
  const receiver = await loki();
  const { logger, counters, flush } = shippingTo(receiver.url, 1000, 2 ** 21);
  logger.info("before");
  logger.info({ text: "x".repeat(3 * 2 ** 20) }, "huge");
  logger.info("after");
  await flush();
  assert.deepEqual(messages(receiver), ["before", "after"]);
  assert.deepEqual(totals(counters), { queued: 0, delivered: 2, dropped: 1 });
});

test("waiting lines are compressed, and stored unchanged", async () => {
  const port = await freePort();
  const { logger, counters, flush } = shippingTo(`http://127.0.0.1:${port}`, 100_000, 2 ** 20);
  const burst = numbered(20_000);
  for (const [index, message] of burst.entries()) {
    logger.info(IDS, message);
    if (index % 2000 === 1999)
      while (counters.queued + counters.dropped <= index) await new Promise(setImmediate);
  }
  assert.ok(counters.queuedBytes < 2 ** 20);
  const receiver = await loki(port);
  await flush();
  assert.deepEqual(totals(counters), { queued: 0, delivered: burst.length, dropped: 0 });
  assert.deepEqual(messages(receiver), burst);
});
