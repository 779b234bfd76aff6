import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { Client, credentials } from "@grpc/grpc-js";
import { encodeOtlp } from "./otlp-protobuf.ts";

export type Signal = "traces" | "metrics" | "logs";

/** A byte that is not valid UTF-8: {@link sendOtlp} replaces this private-use character by 0xFF. */
export const INVALID_BYTE = "\uE0FF";

/** One resource with its items, in OTLP's JSON form. */
export interface Sender {
  /** `service.name`, or any OTLP value for it. */
  readonly service: string | object;
  readonly resourceAttributes?: readonly object[];
  readonly scopeAttributes?: readonly object[];
  /** Other fields of the scope. */
  readonly scope?: object;
  /** Spans, metrics or log records. */
  readonly items: readonly object[];
}

const FIELDS = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
} as const;

/** The transport of a request: OTLP/HTTP with JSON, OTLP/HTTP with protobuf and gzip, as SDKs send it, or OTLP/gRPC. */
export type Transport = "json" | "protobuf" | "grpc";
export const TRANSPORTS: readonly Transport[] = ["json", "protobuf", "grpc"];

/** The addresses at which the collector receives OTLP. */
export interface Collector {
  /** Base URL of OTLP/HTTP. */
  readonly collector: string;
  /** host:port of OTLP/gRPC; needed for this transport only. */
  readonly collectorGrpc?: string;
}

/** The services of OTLP/gRPC; each has one method, `Export`. */
export const GRPC_SERVICES = {
  traces: "opentelemetry.proto.collector.trace.v1.TraceService",
  metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
  logs: "opentelemetry.proto.collector.logs.v1.LogsService",
} as const;

/**
 * Sends one OTLP request as an SDK in any language would, without our exporters. Fails if the collector does not accept
 * it.
 */
export async function sendOtlp(
  at: Collector,
  signal: Signal,
  senders: readonly Sender[],
  transport: Transport = "json",
  /** The status of a success over HTTP: Loki's receiver responds with 204. */
  success = 200,
): Promise<void> {
  const request = requestOf(signal, senders);
  if (transport === "grpc")
    return callGrpc(
      at.collectorGrpc ?? assert.fail("the address of OTLP/gRPC is missing"),
      signal,
      encodeOtlp(request, bytesOf),
    );
  const json = transport === "json";
  const response = await fetch(`${at.collector}/v1/${signal}`, {
    method: "POST",
    headers: json
      ? { "content-type": "application/json" }
      : { "content-type": "application/x-protobuf", "content-encoding": "gzip" },
    body: json ? bytesOf(JSON.stringify(request)) : gzipSync(encodeOtlp(request, bytesOf)),
  });
  assert.equal(response.status, success, await response.text());
}

/** Returns an OTLP request in JSON form. */
export function requestOf(signal: Signal, senders: readonly Sender[]): object {
  const [resources, scopes, items] = FIELDS[signal];
  return {
    [resources]: senders.map((sender) => ({
      resource: {
        attributes: [attribute("service.name", sender.service), ...(sender.resourceAttributes ?? [])],
      },
      [scopes]: [
        {
          scope: { name: "test", ...sender.scope, attributes: sender.scopeAttributes ?? [] },
          [items]: sender.items,
        },
      ],
    })),
  };
}

/** Makes a unary call of OTLP/gRPC with these bytes. */
export function callGrpc(address: string, signal: Signal, message: Uint8Array): Promise<void> {
  const client = new Client(address, credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  const same = (bytes: Buffer) => bytes;
  return new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(`/${GRPC_SERVICES[signal]}/Export`, same, same, Buffer.from(message), (error) =>
      error ? reject(error) : resolve(),
    );
  }).finally(() => client.close());
}

/** Returns an OTLP attribute with a string, or with any OTLP value such as `{intValue: 7}`. */
export const attribute = (key: string, value: string | object): object => ({
  key,
  value: typeof value === "string" ? { stringValue: value } : value,
});

/** Returns the current time in OTLP's form: nanoseconds since the epoch as a string. */
export const nanos = (offsetMs = 0): string => `${BigInt(Date.now() + offsetMs) * 1_000_000n}`;

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const latin1 = Buffer.from(text, "utf8").toString("latin1");
  const marker = Buffer.from(INVALID_BYTE, "utf8").toString("latin1");
  return new Uint8Array(Buffer.from(latin1.replaceAll(marker, "\xFF"), "latin1"));
}
