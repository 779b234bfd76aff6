import { isSpanContextValid, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";

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
