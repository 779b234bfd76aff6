import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { FakeOtlpHttp } from "../../test/otlp-http.ts";
import { partialSuccess } from "../../test/wire.ts";
import type { SendResult } from "../delivery/queue.ts";
import { type OtlpHttpOptions, otlpHttpSender } from "./otlp-http-sender.ts";

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

async function receiver(): Promise<FakeOtlpHttp> {
  const started = await new FakeOtlpHttp().start();
  cleanups.push(() => started.stop());
  return started;
}

const memory = new InMemorySpanExporter();
const tracer = new TracerProvider({
  spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
}).getTracer("test");

function spans(...names: string[]): ReadableSpan[] {
  memory.reset();
  for (const name of names) tracer.startSpan(name).end();
  return memory.getFinishedSpans();
}

const sender = (url: string, options: Partial<OtlpHttpOptions> = {}) =>
  otlpHttpSender({
    url: `${url}/v1/traces`,
    json: false,
    timeoutMs: 2000,
    headers: {},
    gzip: false,
    ...options,
  });

for (const json of [false, true])
  for (const gzip of [false, true])
    test(`sends ${json ? "JSON" : "protobuf"}, ${gzip ? "compressed" : "plain"}, with its headers`, async () => {
      const collector = await receiver();
      const { serialize, join, send } = sender(collector.url, {
        json,
        gzip,
        headers: { authorization: "Bearer t0ken" },
      });
      const bodies = [serialize(spans("one")), serialize(spans("two"))];
      assert.deepEqual(await send(join(bodies), 1), { accepted: true });
      assert.deepEqual(
        collector.spans.map((span) => span.name),
        ["one", "two"],
      );
      const [request] = collector.requests;
      assert.equal(request?.path, "/v1/traces");
      assert.equal(request?.headers.authorization, "Bearer t0ken");
      assert.equal(request?.headers["content-type"], json ? "application/json" : "application/x-protobuf");
    });

/** Responses and their meaning. OTLP lists the statuses that are retryable. */
const RESPONSES: [status: number, body: Buffer | string, outcome: SendResult][] = [
  [200, partialSuccess(1), { accepted: true, rejected: 1, reason: "" }],
  [200, "thank you", { accepted: true }],
  [202, "", { accepted: true }],
  [400, "bad span", { reject: true, reason: "400 bad span" }],
  [401, "", { reject: true, reason: "401" }],
  [404, "no path", { reject: true, reason: "404 no path" }],
  [429, "slow down", { retry: true, reason: "429 slow down" }],
  [500, "broken", { reject: true, reason: "500 broken" }],
  [502, "", { retry: true, reason: "502" }],
  [503, "", { retry: true, reason: "503" }],
  [504, "", { retry: true, reason: "504" }],
];

for (const [status, body, outcome] of RESPONSES)
  test(`a response ${status} "${body}" is ${Object.keys(outcome)[0]}`, async () => {
    const collector = await receiver();
    collector.responses.push([status, body]);
    const { serialize, send } = sender(collector.url);
    assert.deepEqual(await send(serialize(spans("one")), 1), outcome);
  });

test("a request to an unreachable receiver is retried", async () => {
  const { serialize, send } = sender("http://127.0.0.1:1");
  const outcome = await send(serialize(spans("one")), 1);
  assert.ok("retry" in outcome);
  assert.match(outcome.reason, /ECONNREFUSED/);
});
