import { type ClientRequest, IncomingMessage, type ServerResponse } from "node:http";
import type { Http2ServerResponse, ServerHttp2Stream } from "node:http2";
import { type Span, SpanStatusCode } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE, ATTR_HTTP_RESPONSE_STATUS_CODE } from "@opentelemetry/semantic-conventions";

/**
 * The status if the client disconnected before the response was complete. No RFC defines it, but nginx uses it and
 * dashboards know it.
 */
export const CLIENT_CLOSED_REQUEST = 499;

const declared = new WeakMap<ServerResponse, number>();

/** Records that a response whose headers were already sent failed, and the status that it should have had. */
export function declareFailed(response: ServerResponse, status: number): void {
  declared.set(response, status);
}

/**
 * Returns the effective status of a closed response: the status that was sent, unless the response was marked as
 * failed, was aborted by the server (500), or by the client (499).
 */
export function finalStatus(response: ServerResponse): number {
  const failure = declared.get(response);
  if (failure !== undefined) return failure;
  const { stream } = response as unknown as Partial<Http2ServerResponse>;
  if (stream) return http2Status(response.statusCode, stream);
  if (response.writableFinished) return response.statusCode;
  return response.errored ? 500 : CLIENT_CLOSED_REQUEST;
}

/**
 * Node ends the response of a stream that the client has reset, so it is finished too. An error of the stream with this
 * code is such a reset.
 */
function http2Status(status: number, { aborted, errored, writableFinished }: ServerHttp2Stream): number {
  const error: NodeJS.ErrnoException | null = errored;
  if (error !== null && error.code !== "ERR_HTTP2_STREAM_ERROR") return 500;
  return writableFinished && !aborted ? status : CLIENT_CLOSED_REQUEST;
}

/** Adds the trace id to every response, even if the request never reaches the app because it is malformed. */
export function setTraceIdHeader(span: Span, response: IncomingMessage | ServerResponse): void {
  if (!(response instanceof IncomingMessage) && !response.headersSent)
    response.setHeader("x-trace-id", span.spanContext().traceId);
}

/** Runs when a server span ends: sets the final status if it differs from the one that was sent. */
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
