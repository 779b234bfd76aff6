import { type ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { type Span, SpanStatusCode } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE, ATTR_HTTP_RESPONSE_STATUS_CODE } from "@opentelemetry/semantic-conventions";

/** The client left before the whole answer was out. Not in any RFC, but what nginx logs and dashboards know. */
export const CLIENT_CLOSED_REQUEST = 499;

const declared = new WeakMap<ServerResponse, number>();

/** Notes that an answer which began well (its headers are out) failed after all, with the status it deserved. */
export function declareFailed(response: ServerResponse, status: number): void {
  declared.set(response, status);
}

/**
 * What a closed response amounts to: the status it was sent with, unless it was declared failed, broke on our side
 * (500), or was abandoned by the client (499).
 */
export function finalStatus(response: ServerResponse): number {
  const failure = declared.get(response);
  if (failure !== undefined) return failure;
  if (response.writableFinished) return response.statusCode;
  return response.errored ? 500 : CLIENT_CLOSED_REQUEST;
}

/** Puts the trace id on every answer, also on those that never reach the app: a malformed request gets one too. */
export function tellTraceId(span: Span, response: IncomingMessage | ServerResponse): void {
  if (response instanceof ServerResponse) response.setHeader("x-trace-id", span.spanContext().traceId);
}

/** Runs as a server span ends: gives it the final status where that differs from the one on the wire. */
export function correctOutcome(
  span: Span,
  _request: IncomingMessage | ClientRequest,
  response: IncomingMessage | ServerResponse,
): void {
  if (response instanceof IncomingMessage) return;
  const status = finalStatus(response);
  if (status === response.statusCode) return;
  span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  if (status < 500) return;
  span.setAttribute(ATTR_ERROR_TYPE, String(status));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
