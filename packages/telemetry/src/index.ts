// For the metrics of an application: register them in `registry`.
export { Counter, Gauge, Histogram } from "prom-client";
export { shutdownTelemetry, type TelemetryStatus, telemetryStatus } from "./lifecycle.ts";
export { logger } from "./logs/logger.ts";
export { registry } from "./metrics/registry.ts";
export { addSpanEvent, exemplarOf, setSpanAttribute, traceId, withoutTracing } from "./tracing/active.ts";
export { excludePath } from "./tracing/excluded-paths.ts";
