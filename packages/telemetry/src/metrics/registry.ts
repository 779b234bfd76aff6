import { type OpenMetricsContentType, Registry } from "prom-client";

/** Every metric of the process. OpenMetrics only: the older text format has no exemplars. */
export const registry: Registry<OpenMetricsContentType> = new Registry<OpenMetricsContentType>();
registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);

/** Seconds: fine around the 100 ms objective, and up to the longest stream that the services allow (60 s). */
export const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Messages in one stream, up to the limit of 10,000. */
export const MESSAGE_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
