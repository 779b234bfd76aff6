import type { Http2Server, Http2ServerRequest } from "node:http2";
import { incomingRequests } from "./tracing/http2-spans.ts";

/**
 * Gives each request of an HTTP/2 server a span, like those of HTTP/1.1: the http instrumentation does not see
 * `node:http2`. Call it before the first request, once for each server. `observe()` of `/hono` does the rest. Requests over
 * TLS are assumed (`url.scheme`).
 */
export function traceHttp2(server: Http2Server): void {
  const { emit } = server;
  const traced = incomingRequests.wrap?.(emit as never);
  if (!traced) return;
  server.emit = function emitTraced(event: string | symbol, ...args: unknown[]) {
    if (event === "request") asHttp1(args[0] as Http2ServerRequest);
    return traced.call(this as never, event as string, ...args) as boolean;
  };
}

/** Adds what the http instrumentation reads, under the names that HTTP/1.1 and the semantic conventions have. */
function asHttp1(request: Http2ServerRequest): void {
  request.headers.host ??= request.authority;
  Object.defineProperty(request, "httpVersion", { value: "2" });
}
