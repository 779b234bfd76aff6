import { type ServiceError, status } from "@grpc/grpc-js";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode, suppressTracing } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Join } from "../delivery/batch.ts";
import type { SendResult } from "../delivery/queue.ts";
import { takePartialSuccess } from "./diagnostics.ts";
import { serializeProtobuf } from "./span-writer.ts";

/** The codes that OTLP calls retryable (opentelemetry.io/docs/specs/otlp, "Failures"). */
const RETRYABLE = new Set<status>([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/**
 * Codes that mean either a temporary condition (a connection lost during a call, a full queue) or a permanent one (a
 * batch that is too large).
 */
const DOUBTFUL = new Set<status>([status.INTERNAL, status.UNKNOWN, status.RESOURCE_EXHAUSTED]);
const DOUBTFUL_ATTEMPTS = 60;

/** Encodes requests and sends them to a receiver. */
export interface OtlpSender {
  /**
   * Serializes a request (`ExportTraceServiceRequest`) with these spans. Throws if one of them cannot be serialized.
   */
  serialize(spans: ReadableSpan[]): Buffer;
  join: Join;
  /** Makes one attempt to send one serialized batch. Never throws. */
  send(body: Buffer, attempt: number): Promise<SendResult>;
  close(): Promise<void>;
}

/**
 * Sends spans to `endpoint` (`http://` or `https://`) with OpenTelemetry's OTLP/gRPC exporter, one attempt per call.
 * The exporter reads headers and certificates from the standard `OTEL_EXPORTER_OTLP_*` variables itself.
 */
export function otlpSender(endpoint: string, timeoutMs: number): OtlpSender {
  let connections = 0;
  const connect = () => {
    connections += 1;
    const exporter = new OTLPTraceExporter({
      url: endpoint,
      timeoutMillis: timeoutMs,
      // grpc-js shares connections, and their growing pauses, among all clients with the same settings; a unique name
      // gives each exporter a separate connection.
      userAgent: `otlp-sender (connection ${connections})`,
    });
    passBytesThrough(exporter);
    return exporter;
  };
  let exporter = connect();

  const attemptOnce = (body: Buffer) =>
    new Promise<ExportResult>((resolve) => exporter.export(body as unknown as ReadableSpan[], resolve));

  return {
    serialize: serializeProtobuf,
    join: Buffer.concat, // protobuf defines that consecutive messages are merged
    async send(body, attempt) {
      const result = await context.with(suppressTracing(ROOT_CONTEXT), () => attemptOnce(body));
      if (result.code === ExportResultCode.SUCCESS) return { accepted: true, ...takePartialSuccess() };
      const error = result.error as Partial<ServiceError> | undefined;
      if (error?.code === status.UNAVAILABLE) {
        // The exporter has no option to keep its reconnection pauses short, and they grow to two minutes; a new
        // exporter connects at once.
        await exporter.shutdown();
        exporter = connect();
      }
      return outcomeOf(error, attempt);
    },
    close: () => exporter.shutdown(),
  };
}

/**
 * Makes `exporter` send bytes that are already serialized. It would serialize span objects at every attempt, and
 * waiting span objects use eight times the memory. It has no option for this. The replaced part is private, so the
 * version is pinned, and each test of sending fails if a new version no longer uses its serializer here.
 */
function passBytesThrough(exporter: OTLPTraceExporter): void {
  const { _delegate } = exporter as unknown as { _delegate: { _serializer: object } };
  _delegate._serializer = { ...ProtobufTraceSerializer, serializeRequest: (body: Buffer) => body };
}

function outcomeOf(error: Partial<ServiceError> | undefined, attempt: number): SendResult {
  const code = error?.code ?? status.UNKNOWN;
  const reason = error?.message ?? "no reason given";
  const retry = RETRYABLE.has(code) || (DOUBTFUL.has(code) && attempt < DOUBTFUL_ATTEMPTS);
  return retry ? { retry, reason } : { reject: true, reason };
}
