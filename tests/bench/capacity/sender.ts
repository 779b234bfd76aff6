import { randomFillSync } from "node:crypto";
import { Client, credentials } from "@grpc/grpc-js";
import { attribute, GRPC_SERVICES, requestOf, type Signal } from "../../e2e/support/otlp.ts";
import { encodeOtlp } from "../../e2e/support/otlp-protobuf.ts";
import { atConstantRate } from "../../e2e/support/traffic.ts";

/** The items of one request, as an SDK batches them. */
export const BATCH = 300;
/** A request to the lab makes a trace of three spans. */
export const SPANS_OF_TRACE = 3;
/** Requests that are under way at the same time. */
const CONCURRENT = 4;
/** The collector answers when the items are in its queue on disk. */
const DEADLINE_MS = 30_000;

/** The bytes of a response whose field `partial_success` rejects nothing. */
const EMPTY_PARTIAL_SUCCESS = 2;

/** Sends items to a collector over OTLP/gRPC. */
export interface Sender {
  /** Sends this many items (a multiple of {@link BATCH}), as fast as the collector accepts them, or at a rate. */
  send(items: number, perSecond?: number): Promise<void>;
  /** The bytes of one request. */
  readonly requestBytes: number;
  close(): void;
}

/**
 * Creates a sender of spans or log records of a service. They are like those of the gateway for one request. The request
 * is encoded once; before it is sent, its ids and times are replaced, so that this costs little.
 */
export function createSender(address: string, signal: Signal, service: string): Sender {
  const client = new Client(address, credentials.createInsecure());
  const template = templateOf(signal, service);
  const same = (bytes: Buffer) => bytes;
  const sendOne = () =>
    new Promise<void>((resolve, reject) => {
      const deadline = Date.now() + DEADLINE_MS;
      const path = `/${GRPC_SERVICES[signal]}/Export`;
      client.makeUnaryRequest(path, same, same, template.next(), { deadline }, (error, response) => {
        if (error) reject(error);
        else if (response && response.length > EMPTY_PARTIAL_SUCCESS)
          reject(new Error("the collector rejected a part of a request"));
        else resolve();
      });
    });
  return {
    requestBytes: template.bytes,
    async send(items, perSecond) {
      const requests = items / BATCH;
      if (perSecond) {
        const failures: unknown[] = [];
        const send = () => sendOne().catch((error: unknown) => void failures.push(error));
        await atConstantRate(perSecond / BATCH, requests, send);
        if (failures.length > 0) throw failures[0];
        return;
      }
      let begun = 0;
      const sendAll = async () => {
        while (begun < requests) {
          begun += 1;
          await sendOne();
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT }, sendAll));
    },
    close: () => client.close(),
  };
}

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;

/** Where a value is in the encoded request. */
interface Place {
  readonly offset: number;
  readonly index: number;
}

function templateOf(signal: Signal, service: string) {
  const places: Record<"trace" | "span" | "start" | "end", Place[]> = {
    trace: [],
    span: [],
    start: [],
    end: [],
  };
  const items = Array.from({ length: BATCH }, (_, index) =>
    signal === "traces" ? span(index) : logRecord(index),
  );
  const request = requestOf(signal, [
    { service, resourceAttributes: [attribute("host.name", "bench")], items },
  ]);
  const body = Buffer.from(encodeOtlp(request, (text) => Buffer.from(text)));
  for (let index = 0; index < BATCH; index += 1) {
    const find = (kind: keyof typeof places, bytes: Buffer) => {
      for (let offset = body.indexOf(bytes); offset >= 0; offset = body.indexOf(bytes, offset + 1))
        places[kind].push({ offset, index });
    };
    if (index % SPANS_OF_TRACE === 0) find("trace", Buffer.from(traceId(index), "hex"));
    find("span", Buffer.from(spanId(index), "hex"));
    find("start", time(startOf(index)));
    find("end", time(endOf(index)));
  }
  const random = Buffer.alloc(BATCH * (TRACE_BYTES + SPAN_BYTES));
  // Later than all earlier items: Loki's queries count lines with the same text and timestamp once.
  let now = 0n;
  return {
    bytes: body.length,
    /** Returns a copy of the request with new ids and the current time. */
    next(): Buffer {
      const copy = Buffer.from(body);
      randomFillSync(random);
      const clock = BigInt(Date.now()) * 1_000_000n;
      now = clock >= now + BigInt(BATCH) ? clock : now + BigInt(BATCH);
      for (const { offset, index } of places.trace)
        random.copy(copy, offset, index * TRACE_BYTES, (index + 1) * TRACE_BYTES);
      for (const { offset, index } of places.span) {
        const from = BATCH * TRACE_BYTES + index * SPAN_BYTES;
        random.copy(copy, offset, from, from + SPAN_BYTES);
      }
      for (const { offset, index } of places.start) copy.writeBigUInt64LE(now + BigInt(index), offset);
      for (const { offset, index } of places.end)
        copy.writeBigUInt64LE(now + BigInt(index) + 2_000_000n, offset);
      return copy;
    },
  };
}

// Values that occur nowhere else in the request, so that they can be found in it.
const traceId = (index: number) => `a1b2c3d4e5f60718293a4b5c6d7e${hex(index - (index % SPANS_OF_TRACE), 4)}`;
const spanId = (index: number) => `f0e1d2c3b4a5${hex(index, 4)}`;
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
const startOf = (index: number) => 1_700_000_000_000_000_000n + BigInt(index);
const endOf = (index: number) => 1_700_000_001_000_000_000n + BigInt(index);

function time(nanoseconds: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(nanoseconds);
  return bytes;
}

const span = (index: number): object => ({
  traceId: traceId(index),
  spanId: spanId(index),
  name: "GET /a/hello",
  kind: 2,
  startTimeUnixNano: `${startOf(index)}`,
  endTimeUnixNano: `${endOf(index)}`,
  attributes: [
    attribute("http.request.method", "GET"),
    attribute("url.scheme", "http"),
    attribute("server.address", "127.0.0.1"),
    attribute("server.port", { intValue: "8080" }),
    attribute("network.peer.address", "127.0.0.1"),
    attribute("network.peer.port", { intValue: "54321" }),
    attribute("network.protocol.version", "1.1"),
    attribute("url.path", "/a/hello"),
    attribute("url.query", "name=pspd"),
    attribute("client.address", "127.0.0.1"),
    attribute("http.route", "/a/hello"),
    attribute("http.response.status_code", { intValue: "200" }),
  ],
  status: {},
});

const logRecord = (index: number): object => ({
  timeUnixNano: `${startOf(index)}`,
  observedTimeUnixNano: `${endOf(index)}`,
  severityNumber: 9,
  severityText: "INFO",
  traceId: traceId(index),
  spanId: spanId(index),
  body: {
    stringValue:
      '{"level":"info","method":"GET","route":"/a/hello","path":"/a/hello","status":200,"duration_ms":1.25,"msg":"request"}',
  },
});
