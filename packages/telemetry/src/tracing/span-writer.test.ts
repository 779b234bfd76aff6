import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Attributes, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { spansIn } from "../../test/wire.ts";
import { serializeSpans } from "./span-writer.ts";

const resource = resourceFromAttributes({
  "service.name": "gateway",
  "process.pid": 123,
  "host.name": "máquina",
});
const http: ReadableSpan["instrumentationScope"] = { name: "http", version: "0.300.0" };

function span(changes: Partial<ReadableSpan> = {}, traceState?: string): ReadableSpan {
  const context = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
  return {
    name: "GET /orders/:id",
    kind: SpanKind.SERVER,
    spanContext: () => ({
      ...context,
      ...(traceState !== undefined && { traceState: new TraceState(traceState) }),
    }),
    startTime: [1_764_352_800, 123_456_789],
    endTime: [1_764_352_800, 999_999_999],
    duration: [0, 876_543_210],
    ended: true,
    status: { code: SpanStatusCode.UNSET },
    attributes: { "http.route": "/orders/:id", "http.response.status_code": 200 },
    links: [],
    events: [],
    resource,
    instrumentationScope: http,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...changes,
  };
}

const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7", traceFlags: 1 };
const withAttributes = (attributes: Attributes) => span({ attributes });

/** Spans that are written here, by what is special about them. */
const PLAIN: Record<string, ReadableSpan> = {
  "a usual span": span(),
  "each kind of number": withAttributes({
    zero: 0,
    small: 127,
    larger: 128,
    negative: -1,
    "32 bits": 2 ** 32 - 1,
    "33 bits": 2 ** 32,
    "53 bits": Number.MAX_SAFE_INTEGER,
    least: -(2 ** 63),
    fraction: 1.5,
    "negative zero": -0,
    "not a number": Number.NaN,
    infinite: Number.POSITIVE_INFINITY,
    "too large": 2 ** 63,
  }),
  booleans: withAttributes({ yes: true, no: false }),
  texts: withAttributes({
    "": "",
    é: "olá",
    日本: "世界 😀",
    lone: "\ud800",
    "127": "x".repeat(127),
    "128": "x".repeat(128),
  }),
  "a long text": withAttributes({ text: "x".repeat(100_000), more: "é".repeat(20_000) }),
  "no attributes": withAttributes({}),
  "a parent": span({ parentSpanContext: parent }),
  "a parent in another process": span({ parentSpanContext: { ...parent, isRemote: true } }),
  "a trace state": span({}, "a=b,c=d"),
  "an error": span({ status: { code: SpanStatusCode.ERROR, message: "não" } }),
  "each kind": span({ kind: SpanKind.INTERNAL }),
  "a client": span({ kind: SpanKind.CLIENT, name: "" }),
  "dropped attributes, events and links": span({
    droppedAttributesCount: 1,
    droppedEventsCount: 300,
    droppedLinksCount: 70_000,
  }),
  "a start at the epoch": span({ startTime: [0, 0], endTime: [0, 1] }),
  "a distant end": span({ endTime: [9_999_999_999, 999_999_999] }),
};

/** Spans that OpenTelemetry's serializer writes. */
const OTHERS: Record<string, ReadableSpan> = {
  "a list": withAttributes({ list: ["a", "b"] }),
  "an event": span({ events: [{ name: "exception", time: [1, 2], attributes: { a: "b" } }] }),
  "a link": span({ links: [{ context: parent }] }),
};

const theirs = (spans: ReadableSpan[]): Buffer =>
  Buffer.from(ProtobufTraceSerializer.serializeRequest(spans) ?? []);
const same = (spans: ReadableSpan[]) =>
  assert.equal(serializeSpans(spans).toString("hex"), theirs(spans).toString("hex"));

describe("serialized spans have the bytes of OpenTelemetry's serializer", () => {
  for (const [name, each] of Object.entries({ ...PLAIN, ...OTHERS })) it(`with ${name}`, () => same([each]));
  it("with many spans", () => same(Array.from({ length: 300 }, () => Object.values(PLAIN)).flat()));
  it("with several scopes and resources, and a schema", () =>
    same([
      span({ resource: { ...resource, attributes: { a: "b" }, schemaUrl: "https://a.example" } as never }),
      span({ instrumentationScope: { name: "grpc", schemaUrl: "https://b.example" } }),
      span({ instrumentationScope: { name: "grpc without a version" } }),
    ]));
  it("with more keys than are kept", () =>
    same(Array.from({ length: 1500 }, (_, index) => withAttributes({ [`key ${index}`]: index, again: "" }))));
});

it("other spans follow in the same request, without losing a span", () => {
  const spans = [...Object.values(OTHERS), ...Object.values(PLAIN)];
  const names = (bytes: Uint8Array) =>
    spansIn(bytes)
      .map(({ name }) => name)
      .sort();
  assert.deepEqual(names(serializeSpans(spans)), names(theirs(spans)));
  assert.equal(spansIn(serializeSpans(spans)).length, spans.length);
});
