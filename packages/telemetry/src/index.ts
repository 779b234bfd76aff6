export { shutdownTelemetry, type TelemetryStatus, telemetryStatus } from "./lifecycle.ts";
export { logger } from "./logs/logger.ts";
export { setFaultActive } from "./metrics/fault.ts";
export { registry } from "./metrics/registry.ts";
export { observeStreamExcess } from "./metrics/stream-excess.ts";
export { markFault, traceId } from "./tracing/active.ts";
