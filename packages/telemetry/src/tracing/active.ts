import { isSpanContextValid, type SpanContext, trace } from "@opentelemetry/api";

/** What {@link correlation} returns outside a trace: always this object. */
export const NO_IDS: Record<string, string> = {};

/** The span context that is active here, when it is a real one. */
export function activeSpanContext(): SpanContext | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  return spanContext && isSpanContextValid(spanContext) ? spanContext : undefined;
}

/** The trace id of the active span: 32 hex digits. */
export const traceId = (): string | undefined => activeSpanContext()?.traceId;

/** `trace_id` and `span_id` as log fields and exemplar labels spell them; empty outside a trace. */
export function correlation(spanContext = activeSpanContext()): Record<string, string> {
  return spanContext ? { trace_id: spanContext.traceId, span_id: spanContext.spanId } : NO_IDS;
}

/** Says on the active span which fault, set on purpose, this piece of work met: the attribute `lab.fault`. */
export function markFault(fault: string): void {
  trace.getActiveSpan()?.setAttribute("lab.fault", fault);
}
