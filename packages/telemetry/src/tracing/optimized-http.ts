import { EventEmitter, errorMonitor } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type RPCMetadata, RPCType, setRPCMetadata } from "@opentelemetry/core";
import type { Instrumentation } from "@opentelemetry/instrumentation";
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from "@opentelemetry/semantic-conventions";
import { contextManager } from "./context-manager.ts";
import { isExcluded } from "./excluded-paths.ts";
import { correctOutcome, setTraceIdHeader } from "./http-hooks.ts";
import type { Emit, IncomingRequests } from "./http2-spans.ts";

/** The parts of instrumentation-http that are used or replaced. */
interface HttpInstrumentation extends Instrumentation, IncomingRequests {
  readonly tracer: Tracer;
}

/**
 * Makes instrumentation-http create the server spans of usual requests with less code, and with the same names and
 * attributes (conformance.test.ts). Requests that need more work (a proxy's headers, an escaped path, an unknown
 * method) still go through its code, and so do requests that are not traced.
 */
export function optimizeHttp(instrumentation: Instrumentation): void {
  const http = instrumentation as HttpInstrumentation;
  if (typeof http._incomingRequestFunction !== "function")
    throw new Error("instrumentation-http has changed: set TELEMETRY_INSTRUMENTATION=upstream.");
  const upstream = http._incomingRequestFunction.bind(http);
  http._incomingRequestFunction = (component, emit) => {
    const emitUpstream = upstream(component, emit);
    return function incomingRequest(this: Server, event, ...args) {
      if (event !== "request") return emit.call(this, event, ...args);
      const [request] = args as [IncomingMessage];
      const attributes = isExcluded(request.url) ? undefined : attributesOf(request, component);
      if (!attributes) return emitUpstream.call(this, event, ...args);
      const parent = remoteContext(request);
      const span = http.tracer.startSpan(
        request.method as string,
        { kind: SpanKind.SERVER, attributes },
        parent,
      );
      // The instrumentation of a framework sets the route here.
      const metadata: RPCMetadata = { type: RPCType.HTTP, span };
      const scope = setRPCMetadata(trace.setSpan(parent, span), metadata);
      return context.with(scope, serve, undefined, this, emit, metadata, args);
    };
  };
}

/** Emits the request with its span active, and ends the span when the response is closed. */
function serve(server: Server, emit: Emit, metadata: RPCMetadata, args: unknown[]): unknown {
  const [request, response] = args as [IncomingMessage, ServerResponse];
  const { span } = metadata;
  const scope = context.active();
  contextManager.bindEmitter(scope, request);
  contextManager.bindEmitter(scope, response);
  setTraceIdHeader(span, response);
  let ended = false;
  const fail = (error: Error) => {
    if (ended) return;
    ended = true;
    span.setAttribute(ATTR_ERROR_TYPE, error.name);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    span.recordException(error);
    span.end();
  };
  EventEmitter.prototype.on.call(response, errorMonitor, fail);
  EventEmitter.prototype.on.call(response, "close", () => {
    if (ended) return;
    ended = true;
    const { statusCode } = response;
    span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode);
    if (statusCode < 100 || statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    if (statusCode >= 500 && statusCode < 600) span.setAttribute(ATTR_ERROR_TYPE, String(statusCode));
    const { route } = metadata;
    if (route !== undefined) span.setAttribute(ATTR_HTTP_ROUTE, route);
    if (route) span.updateName(`${request.method} ${route}`);
    correctOutcome(span, request, response);
    span.end();
  });
  try {
    return emit.call(server, "request", ...args);
  } catch (error) {
    fail(error as Error);
    throw error;
  }
}

/** The methods that instrumentation-http knows; it reports any other as _OTHER. */
const METHODS = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
  "QUERY",
]);
/**
 * A path that URL parsers do not change: no escapes, no dot segments, and no `//` at its beginning. Each character matches in one
 * way only, so that the time of a match is proportional to the length.
 */
const PLAIN_PATH = /^\/(?!\/)(?:[\w~!$&'()*+,;=:@/-]|(?<!\/)\.|(?<=\/)\.(?![./]|$))*$/;
/** A query that URLSearchParams leaves as it is. */
const PLAIN_QUERY = /^[\w*.-]+=[\w*.+-]*(?:&[\w*.-]+=[\w*.+-]*)*$/;
/** A query with one of the parameters that instrumentation-http redacts. */
const REDACTED_QUERY =
  /(?:^|&)(?:sig|Signature|AWSAccessKeyId|X-Goog-Signature|X-Amz-(?:Signature|Credential|Security-Token))=/;
const PLAIN_HOST = /^([a-z0-9.-]+)(?::(\d{1,5}))?$/;
/** A host that URL parsers may reject: one that ends in a number, or an internationalized name. */
const SPECIAL_HOST = /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$|xn--/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const MAX_PORT = 65_535;

/** Returns the attributes of a server span at its start; undefined if instrumentation-http must handle the request. */
function attributesOf(request: IncomingMessage, component: "http" | "https"): Attributes | undefined {
  const { method, url, headers, socket } = request;
  if (method === undefined || url === undefined || !METHODS.has(method)) return undefined;
  if (headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined) return undefined;
  if (headers["x-forwarded-host"] !== undefined) return undefined;
  const server = serverOf(headers.host, component);
  if (!server) return undefined;
  const at = url.indexOf("?");
  const path = at === -1 ? url : url.slice(0, at);
  if (!PLAIN_PATH.test(path)) return undefined;
  const query = at === -1 ? "" : url.slice(at + 1);
  if (query !== "" && (!PLAIN_QUERY.test(query) || REDACTED_QUERY.test(query))) return undefined;
  const { remoteAddress } = socket;
  // Not a literal with computed keys: V8 becomes slow at those after it has collected all such objects.
  const attributes: Attributes = {};
  attributes[ATTR_HTTP_REQUEST_METHOD] = method;
  attributes[ATTR_URL_SCHEME] = component;
  attributes[ATTR_SERVER_ADDRESS] = server.address;
  attributes[ATTR_NETWORK_PEER_ADDRESS] = remoteAddress;
  attributes[ATTR_NETWORK_PEER_PORT] = socket.remotePort;
  attributes[ATTR_NETWORK_PROTOCOL_VERSION] = request.httpVersion;
  attributes[ATTR_USER_AGENT_ORIGINAL] = headers["user-agent"];
  attributes[ATTR_URL_PATH] = path;
  attributes[ATTR_CLIENT_ADDRESS] = remoteAddress;
  attributes[ATTR_SERVER_PORT] = server.port;
  if (query !== "") attributes[ATTR_URL_QUERY] = query;
  return attributes;
}

/** The last `Host` header and its parts, because most requests name the same host. */
let lastHost: string | undefined;
let lastParts: RegExpExecArray | null = null;

function serverOf(host = "", component: "http" | "https"): { address: string; port: number } | undefined {
  if (host !== lastHost) lastParts = partsOf(host);
  lastHost = host;
  if (!lastParts) return undefined;
  const [, address = "", port = component === "http" ? "80" : "443"] = lastParts;
  return { address, port: Number(port) };
}

function partsOf(host: string): RegExpExecArray | null {
  const parts = PLAIN_HOST.exec(host);
  if (!parts || Number(parts[2] ?? 0) > MAX_PORT) return null;
  const name = parts[1] ?? "";
  return SPECIAL_HOST.test(name) && !IPV4.test(name) ? null : parts;
}

/**
 * The headers of the default propagators. With other propagators, `fields()` is incomplete, so `extract` must always
 * run.
 */
const W3C = ["traceparent", "tracestate", "baggage"];
let onlyW3c: boolean | undefined;

/** Returns the context that the caller of a request sent; most clients send none. */
function remoteContext({ headers }: IncomingMessage) {
  onlyW3c ??= propagation.fields().every((field) => W3C.includes(field));
  const isRoot = onlyW3c && W3C.every((field) => headers[field] === undefined);
  return isRoot ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers);
}
