import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type LokiOptions, pinoLoki } from "pino-loki";
import { joinJson } from "../delivery/batch.ts";
import { sharedCounters } from "../delivery/counters.ts";
import type { TlsFiles } from "../delivery/post.ts";
import { DeliveryQueue } from "../delivery/queue.ts";
import { redactFromMessages, report } from "../delivery/report.ts";
import { certificateHints, reportStalledDelivery } from "../delivery/report-stalled.ts";
import { secretsIn } from "../endpoint.ts";
import { returnMemory } from "../return-memory.ts";
import { type Entry, entryOf, lineOf, META_KEY } from "./entry.ts";
import { LEVEL_MAP } from "./levels.ts";
import { LokiClock } from "./loki-clock.ts";
import { lokiSender } from "./loki-sender.ts";

/** The options that the main thread passes to its log worker. */
export interface LokiWorkerOptions {
  /** May contain credentials. */
  url: string;
  /** The variable with Loki's address, and its value without credentials. Every message begins with it. */
  setting: string;
  tls?: TlsFiles | undefined;
  serviceName: string;
  /** The maximum number of lines kept while Loki is unavailable. */
  capacity: number;
  /** The maximum number of bytes kept while Loki is unavailable. */
  capacityBytes: number;
  counters: SharedArrayBuffer;
  /** One 64-bit cell: the number of characters that the worker has passed on to its queue. */
  progress: SharedArrayBuffer;
}

const BATCH_SECONDS = 0.2;
/**
 * When memory is returned: when the modules are loaded and the first lines are sent, and when V8 frees the code that only
 * the start needed. This frees 6 MB, which V8 would keep while few lines are logged.
 */
const SETTLED_MS = [5_000, 60_000];
/** How long a process that ends without `shutdownTelemetry` waits for its last lines. This blocks its main thread. */
const CLOSE_MS = 1000;
const FOREVER_MS = 2 ** 31 - 1;
/** A larger body is split, because Loki has a limit and one huge line must not cause the loss of others. */
const LARGEST_BODY = 2 ** 20;
const BODY_START = '{"streams":[';
const BODY_END = "]}";
/** The part of a response that pino-loki reads. A real Response would load the whole implementation of `fetch`. */
const ACCEPTED = { ok: true } as Response;

/**
 * Returns a pino transport that pino runs in a worker thread: pino-loki turns lines into batches, and passes each batch
 * to a queue that keeps it until Loki has stored it. Without the queue, pino-loki would try once, give up after 30 s,
 * and not wait on close.
 */
export default function lokiTransport(options: LokiWorkerOptions) {
  let taken = 0;
  let handedOver = 0;
  let characters = 0;
  const progress = new BigInt64Array(options.progress);
  redactFromMessages(...secretsIn(new URL(options.url)));
  const reportLoki = (message: string) => report(`${options.setting}: ${message}`);
  const clock = new LokiClock();
  const send = lokiSender(options.url, { clock, tls: options.tls });
  const queue = new DeliveryQueue({
    items: "log lines",
    capacity: options.capacity,
    capacityBytes: options.capacityBytes,
    counters: sharedCounters(options.counters),
    send: reportStalledDelivery(send, {
      items: "log lines",
      certificates: certificateHints("LOKI_CERTIFICATE", options.tls),
      report: reportLoki,
    }),
    join: joinJson(BODY_START, BODY_END),
    report: reportLoki,
  });
  function logFormat(entry: Record<string, unknown>): string {
    const line = lineOf(entry);
    characters += line.length + 1; // its newline
    return line;
  }
  // pino-loki pushes with the global fetch and has no option to replace it. This thread runs nothing else.
  globalThis.fetch = async (_url, init) => {
    for (const { text, lines } of grouped(String(init?.body))) {
      handedOver += lines;
      queue.offer(Buffer.from(text), lines);
    }
    Atomics.store(progress, 0, BigInt(characters));
    return ACCEPTED;
  };
  const loki = pinoLoki(lokiOptions(options, logFormat));
  for (const milliseconds of SETTLED_MS) setTimeout(returnMemory, milliseconds).unref();
  let rest = "";
  const transport = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      taken += lines.length;
      // Bypasses the stream's parser; see entry.ts.
      for (const line of lines) {
        const entry = entryOf(line);
        if (entry.time) entry.time = clock.timestampToStore(entry.time);
        // Another name, because queries for the lines of a service must not find these.
        if (entry.log) entry.service_name = `${options.serviceName}-${entry.log}`;
        loki.push(entry);
      }
      setImmediate(done); // when pino-loki has processed all of them
    },
    final(done) {
      loki.once("close", done).end();
    },
    destroy(error, done) {
      queue.flush(CLOSE_MS).then(() => {
        queue.abandon();
        done(error);
      }, done);
    },
  });
  /** Called in the worker by `flush()` of the transport in the main thread, which sets the time limit. */
  async function flush(): Promise<void> {
    do await sleep(BATCH_SECONDS * 1000);
    while (handedOver < taken || transport.writableLength > 0);
    await queue.flush(FOREVER_MS);
  }
  return Object.assign(transport, { flush });
}

const lokiOptions = (options: LokiWorkerOptions, logFormat: typeof lineOf): LokiOptions => ({
  host: options.url,
  labels: { service_name: options.serviceName },
  propsToLabels: ["log", "service_name"] satisfies (keyof Entry)[],
  levelMap: LEVEL_MAP as LokiOptions["levelMap"] & {},
  batching: { interval: BATCH_SECONDS, maxBufferSize: 0 },
  structuredMetaKey: META_KEY,
  logFormat,
});

/** The text between two streams of pino-loki. Inside a JSON string the quotes would be escaped. */
const NEXT_STREAM = ',{"stream":';
const VALUES = ',"values":[';

/**
 * Groups the lines of a push body by their labels, and splits it into parts of limited size; usually there is one part.
 * pino-loki creates a stream for each line, and Loki parses the labels of each stream. The text is cut instead of parsed,
 * because parsing it and writing it again would cost more than all other work on a line.
 */
function* grouped(body: string): Generator<{ text: string; lines: number }> {
  const streams = new Map<string, string[]>();
  let size = 0;
  let lines = 0;
  const part = () => {
    const texts = [...streams].map(([labels, values]) => `{"stream":${labels}${VALUES}${values.join(",")}]}`);
    return { text: BODY_START + texts.join(",") + BODY_END, lines };
  };
  for (const stream of body
    .slice(BODY_START.length + '{"stream":'.length, -BODY_END.length)
    .split(NEXT_STREAM)) {
    const at = stream.indexOf(VALUES);
    const labels = stream.slice(0, at);
    const value = stream.slice(at + VALUES.length, -"]}".length);
    if (size > 0 && size + stream.length > LARGEST_BODY) {
      yield part();
      streams.clear();
      size = 0;
      lines = 0;
    }
    const values = streams.get(labels);
    if (values) values.push(value);
    else streams.set(labels, [value]);
    size += stream.length;
    lines += 1;
  }
  yield part();
}
