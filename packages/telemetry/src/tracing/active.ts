import { isSpanContextValid, type SpanContext, TraceFlags, trace } from "@opentelemetry/api";

/** What {@link exemplarOf} returns outside a trace: always this object. */
export const NO_IDS: Record<string, string> = {};

/** The active span context, if it is a valid one. */
export function activeSpanContext(): SpanContext | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  return spanContext && isSpanContextValid(spanContext) ? spanContext : undefined;
}

/** The trace id of the active span: 32 hex digits. */
export const traceId = (): string | undefined => activeSpanContext()?.traceId;

/** The exemplar labels `trace_id` and `span_id`; empty outside a trace and for a trace that is not recorded. */
export function exemplarOf(spanContext = activeSpanContext()): Record<string, string> {
  if (!spanContext || !(spanContext.traceFlags & TraceFlags.SAMPLED)) return NO_IDS;
  return { trace_id: spanContext.traceId, span_id: spanContext.spanId };
}

/** Marks the active span with the fault that affected this work: the attribute `lab.fault`. */
export function markFault(fault: string): void {
  trace.getActiveSpan()?.setAttribute("lab.fault", fault);
}
