import { type OpenMetricsContentType, Registry } from "prom-client";

/** Every metric of the process. OpenMetrics only: the older text format has no exemplars. */
export const registry: Registry<OpenMetricsContentType> = new Registry<OpenMetricsContentType>();
registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);

/**
 * Seconds. OpenTelemetry's semantic conventions recommend these boundaries for HTTP, except 30 and 60, which are for
 * streams. They also recommend 0.75 and 7.5. These are omitted, because each boundary adds a series per label set.
 */
export const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Messages in one stream. Each boundary is at most 2.5 times the previous one, which limits the error of quantiles. */
export const MESSAGE_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
