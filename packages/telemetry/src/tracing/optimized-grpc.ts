import { EventEmitter, errorMonitor } from "node:events";
import type { Client, Metadata, ServiceError, StatusObject } from "@grpc/grpc-js";
import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Instrumentation } from "@opentelemetry/instrumentation";
import { ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from "@opentelemetry/semantic-conventions";
import { contextManager } from "./context-manager.ts";

type Grpc = typeof import("@grpc/grpc-js");
type Callback = (error: Partial<ServiceError> | null, ...rest: unknown[]) => unknown;

/** A method of a generated client, with the properties of its definition. */
interface ClientMethod {
  (this: Client, ...args: unknown[]): EventEmitter;
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** A method that is registered at a server. */
interface Handler {
  func(call: ServerCall, callback?: Callback): unknown;
}
type ServerCall = EventEmitter & { readonly metadata: Metadata };
type Register = (this: { handlers: Map<string, Handler> }, name: string, ...rest: unknown[]) => boolean;

/** The parts of instrumentation-grpc 0.300 that are replaced. They are private, so the version is pinned. */
interface GrpcInstrumentation extends Instrumentation {
  readonly tracer: Tracer;
  _patchServer(): (register: Register) => Register;
  _getPatchedClientMethods(grpc: Grpc): (original: ClientMethod) => ClientMethod;
}

/**
 * Makes instrumentation-grpc create the spans of calls with less code, and with the same names and attributes
 * (conformance.test.ts). It still patches grpc-js itself, and its code still handles the methods of `Client`, such as
 * `makeUnaryRequest`.
 */
export function optimizeGrpc(instrumentation: Instrumentation): void {
  const grpc = instrumentation as GrpcInstrumentation;
  if (typeof grpc._patchServer !== "function" || typeof grpc._getPatchedClientMethods !== "function")
    throw new Error("instrumentation-grpc has changed: set TELEMETRY_INSTRUMENTATION=upstream.");
  grpc._patchServer = () => (register) => registerTraced(grpc, register);
  grpc._getPatchedClientMethods = (library) => (original) => tracedMethod(grpc, library, original);
}

/** Splits `/shop.Orders/Place` into the name of the span and the attributes that instrumentation-grpc gives it. */
function describe(path: string): { name: string; attributes: Attributes } {
  const [service = "", ...method] = path.replace(/^\//, "").split("/");
  return {
    name: `grpc.${path.replace("/", "")}`,
    attributes: { "rpc.system": "grpc", "rpc.method": method.join("/"), "rpc.service": service },
  };
}

/** Returns undefined for a missing key, so that no trace state is created from an empty list. */
const getter: TextMapGetter<Metadata> = {
  get(carrier, key) {
    const values = carrier.get(key);
    return values.length > 0 ? values.map(String) : undefined;
  },
  keys: (carrier) => Object.keys(carrier.getMap()),
};
const setter: TextMapSetter<Metadata> = { set: (carrier, key, value) => carrier.set(key, value) };

function registerTraced(grpc: GrpcInstrumentation, register: Register): Register {
  return function registerWithSpans(name, ...rest) {
    const added = register.call(this, name, ...rest);
    const handler = this.handlers.get(name);
    if (!handler) return added;
    const type = rest[3];
    const isStream = type === "serverStream" || type === "server_stream" || type === "bidi";
    const { func } = handler;
    const { name: spanName, attributes } = describe(name);
    handler.func = (call, callback) => {
      const parent = propagation.extract(ROOT_CONTEXT, call.metadata, getter);
      const span = grpc.tracer.startSpan(spanName, { kind: SpanKind.SERVER, attributes }, parent);
      const scope = trace.setSpan(parent, span);
      contextManager.bindEmitter(scope, call);
      if (isStream) endWithStream(span, call);
      const traced = callback && !isStream ? endWithResponse(span, callback) : callback;
      return context.with(scope, func, {}, call, traced);
    };
    return added;
  };
}

function endWithResponse(span: Span, callback: Callback): Callback {
  return (error, ...rest) => {
    if (error?.code) setStatus(span, error.code, error.message);
    if (error) setError(span, error);
    else span.setAttribute("rpc.grpc.status_code", 0);
    span.end();
    return callback(error, ...rest);
  };
}

/** A stream that fails emits `finish` too. */
function endWithStream(span: Span, call: EventEmitter): void {
  let ended = false;
  const end = (error?: Partial<ServiceError>) => {
    if (ended) return;
    ended = true;
    setStatus(span, error ? error.code : 0, error?.message);
    if (error) setError(span, error);
    span.end();
  };
  EventEmitter.prototype.on.call(call, "finish", () => end());
  EventEmitter.prototype.on.call(call, errorMonitor, end);
}

function tracedMethod(grpc: GrpcInstrumentation, library: Grpc, original: ClientMethod): ClientMethod {
  const { name, attributes } = describe(original.path);
  const metadataIndex = original.requestStream ? 0 : 1;
  function clientMethodTrace(this: Client, ...args: unknown[]): EventEmitter {
    const metadata = metadataIn(args) ?? new library.Metadata();
    if (!args.includes(metadata)) args.splice(metadataIndex, 0, metadata);
    const span = grpc.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
    const { address, port } = targetOf(this);
    if (address !== undefined) span.setAttribute(ATTR_SERVER_ADDRESS, address);
    span.setAttribute(ATTR_SERVER_PORT, port);
    const scope = trace.setSpan(context.active(), span);
    propagation.inject(scope, metadata, setter);
    if (!original.responseStream) {
      const at = args.findIndex((arg) => typeof arg === "function");
      if (at !== -1) args[at] = endWithReply(span, args[at] as Callback);
    }
    const call = context.with(scope, original as (...args: unknown[]) => EventEmitter, this, ...args);
    if (original.responseStream) {
      contextManager.bindEmitter(scope, call);
      endWithStatus(span, call);
    }
    return call;
  }
  return Object.assign(clientMethodTrace, original);
}

const metadataIn = (args: readonly unknown[]): Metadata | undefined =>
  args.find(
    (arg): arg is Metadata =>
      typeof arg === "object" && arg !== null && "internalRepr" in arg && "getMap" in arg,
  );

/** The span ends before the caller's code runs. That code runs with the span active. */
function endWithReply(span: Span, callback: Callback): Callback {
  const scope = trace.setSpan(context.active(), span);
  return (error, ...rest) => {
    if (error?.code) setStatus(span, error.code);
    if (error) setError(span, error);
    else span.setAttribute("rpc.grpc.status_code", 0);
    span.end();
    return context.with(scope, callback, undefined, error, ...rest);
  };
}

function endWithStatus(span: Span, call: EventEmitter): void {
  let ended = false;
  EventEmitter.prototype.on.call(call, errorMonitor, (error: ServiceError) => {
    if (ended) return;
    ended = true;
    setStatus(span, error.code, error.message);
    setError(span, error);
    span.end();
  });
  EventEmitter.prototype.on.call(call, "status", ({ code }: StatusObject) => {
    if (ended) return;
    ended = true;
    setStatus(span, code);
    span.end();
  });
}

function setStatus(span: Span, code: number | undefined, message?: string): void {
  if (code !== 0) span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
  if (code !== undefined) span.setAttribute("rpc.grpc.status_code", code);
}

function setError(span: Span, { name, message }: Partial<ServiceError>): void {
  if (name !== undefined) span.setAttribute("grpc.error_name", name);
  if (message !== undefined) span.setAttribute("grpc.error_message", message);
}

interface Target {
  readonly address: string | undefined;
  readonly port: number;
}

/** The addresses of clients by their channels; they never change. */
const targets = new WeakMap<object, Target>();
const TARGET = /(?:([A-Za-z0-9+.-]+):(?:\/\/)?)?(?<name>[A-Za-z0-9+.-]+):(?<port>[0-9+.-]+)$/;

function targetOf(client: Client): Target {
  const channel = client.getChannel();
  const known = targets.get(channel);
  if (known) return known;
  const { name, port = "" } = TARGET.exec(channel.getTarget())?.groups ?? {};
  const target = { address: name, port: Number.parseInt(port, 10) };
  targets.set(channel, target);
  return target;
}
