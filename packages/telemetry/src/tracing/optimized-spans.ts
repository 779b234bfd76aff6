import type { Tracer, TracerProvider } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

// A separate file, so that its test does not load instrumentations.ts, which patches modules when it is loaded.

/**
 * Tracers whose spans store their initial attributes unchanged if these are plain values. The SDK checks twice whether
 * each of them is serializable, and creates a WeakSet for each check. These two dozen objects per request are most of a
 * span's garbage.
 */
export function optimizedSpans(provider: TracerProvider): TracerProvider {
  return { getTracer: (...scope) => optimizedTracer(provider.getTracer(...scope)) };
}

function optimizedTracer(tracer: Tracer): Tracer {
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
