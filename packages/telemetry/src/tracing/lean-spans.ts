import type { Tracer, TracerProvider } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/**
 * Tracers whose spans take their initial attributes unchanged if these are plain values. The SDK checks each of them
 * twice for being serializable, with a WeakSet for each check: two dozen per request, most of a span's garbage.
 */
export function leanSpans(provider: TracerProvider): TracerProvider {
  return { getTracer: (...scope) => lean(provider.getTracer(...scope)) };
}

function lean(tracer: Tracer): Tracer {
  return {
    startSpan(name, { attributes = {}, ...options } = {}, context) {
      const span = tracer.startSpan(name, options, context);
      const taken = (span as Partial<ReadableSpan>).attributes;
      if (!taken) return span; // not recorded
      for (const key in attributes) {
        const value = attributes[key];
        if (typeof value === "string" || typeof value === "number") taken[key] = value;
        else if (value !== undefined) span.setAttribute(key, value);
      }
      return span;
    },
    startActiveSpan: tracer.startActiveSpan.bind(tracer),
  };
}
