import {
  context,
  createContextKey,
  isSpanContextValid,
  type SpanContext,
  TraceFlags,
  trace,
} from "@opentelemetry/api";

/** The result of {@link exemplarOf} outside a trace, always the same object. */
export const NO_IDS: Record<string, string> = {};

/** Returns the active span context, if it is a valid one. */
export function activeSpanContext(): SpanContext | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  return spanContext && isSpanContextValid(spanContext) ? spanContext : undefined;
}

/** Returns the trace id of the active span: 32 hex digits. */
export const traceId = (): string | undefined => activeSpanContext()?.traceId;

/** Returns the exemplar labels `trace_id` and `span_id`; empty outside a trace and for a trace that is not recorded. */
export function exemplarOf(spanContext = activeSpanContext()): Record<string, string> {
  if (!spanContext || !(spanContext.traceFlags & TraceFlags.SAMPLED)) return NO_IDS;
  return { trace_id: spanContext.traceId, span_id: spanContext.spanId };
}

/** Sets an attribute on the active span, if there is one. */
export function setSpanAttribute(name: string, value: string | number | boolean): void {
  trace.getActiveSpan()?.setAttribute(name, value);
}

/** Adds an event to the active span, if there is one. */
export function addSpanEvent(name: string, attributes: Record<string, string | number | boolean>): void {
  trace.getActiveSpan()?.addEvent(name, attributes);
}

/** The key of @opentelemetry/core, which takes memory to load. Keys with the same description are the same. */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Runs work whose requests to other services have no spans, such as health checks. */
export const withoutTracing = <T>(work: () => T): T =>
  context.with(context.active().setValue(SUPPRESS_TRACING, true), work);
