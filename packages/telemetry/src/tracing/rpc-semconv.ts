import { status as GrpcStatus } from "@grpc/grpc-js";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { Span, SpanProcessor } from "@opentelemetry/sdk-trace";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";

/**
 * Only these codes mean that the *server* failed; the others are its correct response to the caller (semconv, "gRPC").
 */
const SERVER_ERRORS = new Set<GrpcStatus>([
  GrpcStatus.UNKNOWN,
  GrpcStatus.DEADLINE_EXCEEDED,
  GrpcStatus.UNIMPLEMENTED,
  GrpcStatus.INTERNAL,
  GrpcStatus.UNAVAILABLE,
  GrpcStatus.DATA_LOSS,
]);

/** Returns whether a call that ended with this code counts against the server. */
export const isServerError = (code: GrpcStatus): boolean => SERVER_ERRORS.has(code);

/**
 * Converts the spans of instrumentation-grpc 0.300 to the current RPC conventions, just before they end: name
 * `shop.Orders/Place`, `rpc.system.name`, `rpc.method` (fully qualified), `rpc.response.status_code` (a name). Its
 * `rpc.system`, `rpc.service` and `rpc.grpc.status_code` stay for older dashboards.
 */
export const rpcConventions: SpanProcessor = {
  onStart: () => {},
  onEnding: (span) => {
    if (span.attributes["rpc.system"] === "grpc") translate(span);
  },
  onEnd: () => {},
  forceFlush: async () => {},
  shutdown: async () => {},
};

function translate(span: Span): void {
  const method = `${span.attributes["rpc.service"]}/${span.attributes["rpc.method"]}`;
  const code = Number(span.attributes["rpc.grpc.status_code"] ?? GrpcStatus.UNKNOWN) as GrpcStatus;
  const name = GrpcStatus[code] ?? String(code);
  span.updateName(method);
  span.setAttributes({ "rpc.system.name": "grpc", "rpc.method": method, "rpc.response.status_code": name });
  if (code === GrpcStatus.OK) return;
  if (span.kind === SpanKind.SERVER && !isServerError(code)) {
    clearError(span);
    return;
  }
  span.setAttribute(ATTR_ERROR_TYPE, name);
  if (span.status.code === SpanStatusCode.UNSET) span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Resets the status of a span. It sets the field, because the API cannot remove an error status. */
function clearError(span: Span): void {
  (span as { status: Span["status"] }).status = { code: SpanStatusCode.UNSET };
}
