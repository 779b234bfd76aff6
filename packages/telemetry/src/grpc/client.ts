import { status as GrpcStatus, type InterceptingCall, type Interceptor } from "@grpc/grpc-js";
import { context, trace } from "@opentelemetry/api";
import { logger } from "../logs/logger.ts";
import { isInfrastructure, measureCall, methodName, milliseconds } from "./call.ts";

/**
 * Observes one call on the client, exactly once, when its status is known. It changes `start` of the call instead of
 * wrapping the call in another one, which would cost a tenth of the CPU time of a call.
 */
export const observeClientCall: Interceptor = (options, nextCall) => {
  const definition = options.method_definition;
  const call = nextCall(options);
  if (isInfrastructure(definition.path)) return call as InterceptingCall;
  const method = methodName(definition.path);
  const measured = measureCall("client", method, definition.requestStream || definition.responseStream);
  // instrumentation-grpc runs the whole call with its client span active.
  const scope = context.active();
  const spanContext = trace.getSpan(scope)?.spanContext();
  const { start } = call;

  call.start = (metadata, listener) =>
    start.call(call, metadata, {
      onReceiveMetadata: (received) => listener?.onReceiveMetadata?.(received),
      onReceiveMessage(message) {
        measured.message(spanContext);
        listener?.onReceiveMessage?.(message);
      },
      onReceiveStatus(status) {
        const seconds = measured.end(status.code, spanContext);
        if (seconds !== undefined && status.code !== GrpcStatus.OK) {
          const fields = {
            rpc_method: method,
            rpc_response_status_code: GrpcStatus[status.code] ?? String(status.code),
            duration_ms: milliseconds(seconds),
            details: status.details,
          };
          const level = status.code === GrpcStatus.CANCELLED ? "info" : "warn";
          context.with(scope, () => logger[level](fields, "call failed"));
        }
        listener?.onReceiveStatus?.(status);
      },
    });
  return call as InterceptingCall;
};
