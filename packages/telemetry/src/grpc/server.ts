import { status as Grpc, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { logger } from "../logs/logger.ts";
import { isServerError } from "../tracing/rpc-semconv.ts";
import { runCall, type ServerCall } from "../tracing/server-calls.ts";
import { isInfrastructure, measureCall, methodName, milliseconds } from "./call.ts";

/** The deadline of the caller starts first, so its cancellation of an expired call may arrive before our own deadline. */
const EARLY_MS = 50;

/**
 * Observes one call on the server, exactly once: when its status is sent, when it is cancelled, or when its deadline
 * expires.
 */
export const observeServerCall: ServerInterceptor = (definition, call) => {
  if (isInfrastructure(definition.path)) return new ServerInterceptingCall(call);
  const method = methodName(definition.path);
  const measured = measureCall("server", method, definition.requestStream || definition.responseStream);
  const state: ServerCall = {};

  function end(code: Grpc, details: string): void {
    const seconds = measured.end(code, state.span?.spanContext());
    if (seconds === undefined) return;
    const fields = {
      rpc_method: method,
      rpc_response_status_code: Grpc[code] ?? String(code),
      duration_ms: milliseconds(seconds),
    };
    const scope = state.span ? trace.setSpan(ROOT_CONTEXT, state.span) : context.active();
    context.with(scope, () => {
      if (isServerError(code)) logger.error({ ...fields, details }, "call failed");
      else logger.info(fields, "call");
    });
  }

  /** Also called after a normal end; then it has no effect. */
  function cancelled(): void {
    // grpc-js handles an expired deadline below the interceptors: here it looks like a cancellation.
    const code =
      Date.now() >= Number(call.getDeadline()) - EARLY_MS ? Grpc.DEADLINE_EXCEEDED : Grpc.CANCELLED;
    end(code, Grpc[code]);
    // Handlers of cancelled streams often never end them, and instrumentation-grpc would wait for that.
    if (state.span?.isRecording()) state.span.setAttribute("rpc.grpc.status_code", code).end();
  }

  return new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, pass) => runCall(state, () => pass(metadata)),
        onReceiveHalfClose: (pass) => runCall(state, pass),
        onCancel: cancelled,
      }),
    sendMessage(message, next) {
      measured.message(state.span?.spanContext());
      next(message);
    },
    sendStatus(status, next) {
      end(status.code ?? Grpc.UNKNOWN, status.details ?? "");
      next(status);
    },
  });
};
