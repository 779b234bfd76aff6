import { type ServiceError, status } from "@grpc/grpc-js";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode, suppressTracing } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Outcome } from "../delivery/queue.ts";
import { takePartialSuccess } from "./diagnostics.ts";

/** The codes that OTLP calls retryable (opentelemetry.io/docs/specs/otlp, "Failures"). */
const RETRYABLE = new Set<status>([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Either a passing condition (a connection lost in mid-call, a full queue) or for ever (a batch that is too large). */
const DOUBTFUL = new Set<status>([status.INTERNAL, status.UNKNOWN, status.RESOURCE_EXHAUSTED]);
const DOUBTFUL_ATTEMPTS = 60;

export interface OtlpSender {
  /** One attempt to send one batch. Never throws. */
  send(spans: ReadableSpan[], attempt: number): Promise<Outcome>;
  close(): Promise<void>;
}

/**
 * OpenTelemetry's OTLP/gRPC exporter, one attempt at a time, to `endpoint` (`http://` or `https://`). Headers and
 * certificates it takes from the standard `OTEL_EXPORTER_OTLP_*` variables itself.
 */
export function otlpSender(endpoint: string, timeoutMs: number): OtlpSender {
  let connections = 0;
  const connect = () => {
    connections += 1;
    return new OTLPTraceExporter({
      url: endpoint,
      timeoutMillis: timeoutMs,
      // grpc-js shares connections, and their growing pauses, among all clients with the same settings; a name of its
      // own gives each exporter a connection of its own.
      userAgent: `lgtm-lab-telemetry (connection ${connections})`,
    });
  };
  let exporter = connect();

  const attemptOnce = (spans: ReadableSpan[]) =>
    new Promise<ExportResult>((resolve) => exporter.export(spans, resolve));

  return {
    async send(spans, attempt) {
      const result = await context.with(suppressTracing(ROOT_CONTEXT), () => attemptOnce(spans));
      if (result.code === ExportResultCode.SUCCESS) return { accepted: true, ...takePartialSuccess() };
      const error = result.error as Partial<ServiceError> | undefined;
      if (error?.code === status.UNAVAILABLE) {
        // The exporter cannot be told to keep its reconnection pauses short, and they grow to two minutes: a new one
        // connects at once.
        await exporter.shutdown();
        exporter = connect();
      }
      return judge(error, attempt);
    },
    close: () => exporter.shutdown(),
  };
}

function judge(error: Partial<ServiceError> | undefined, attempt: number): Outcome {
  const code = error?.code ?? status.UNKNOWN;
  const reason = error?.message ?? "no reason given";
  const retry = RETRYABLE.has(code) || (DOUBTFUL.has(code) && attempt < DOUBTFUL_ATTEMPTS);
  return retry ? { retry, reason } : { refuse: true, reason };
}
