import { createRequire } from "node:module";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { type Counters, newCounters } from "./delivery/counters.ts";
import { report } from "./delivery/report.ts";
import { env, fatalProblems, hasServiceName, notices } from "./env.ts";
import { registerParts, shutdownTelemetry } from "./lifecycle.ts";
import { logger } from "./logs/logger.ts";
import { startShipping } from "./logs/shipping.ts";
import { exposeCounters } from "./metrics/delivery.ts";
import { collectProcessMetrics } from "./metrics/process.ts";
import { registry } from "./metrics/registry.ts";
import type { Tracing } from "./tracing/sdk.ts";

const CRASH_FLUSH_MS = 2000;

/**
 * Starts all three signals. Installs no signal handler, because the app decides when to stop and calls
 * `shutdownTelemetry` last.
 */
export function start(): void {
  checkSettings();
  const spans = newCounters();
  const spanBytes = env.TELEMETRY_SPAN_BUFFER_BYTES ?? bufferBytes();
  const lineBytes = env.TELEMETRY_LOG_BUFFER_BYTES ?? bufferBytes();
  const tracing = startTracing(spans, spanBytes);
  const shipping = startShipping(lineBytes);
  registerParts({
    spans,
    logLines: shipping.counters,
    stopTracing: tracing.stop,
    stopShipping: shipping.stop,
  });

  collectProcessMetrics(registry);
  exposeCounters(spans, {
    delivered: "telemetry_spans_exported_total",
    dropped: "telemetry_spans_dropped_total",
    queued: "telemetry_span_queue_size",
    queuedBytes: "telemetry_span_queue_bytes",
    capacityBytes: "telemetry_span_queue_capacity_bytes",
    items: "spans",
    capacity: spanBytes,
  });
  exposeCounters(shipping.counters, {
    delivered: "telemetry_log_lines_pushed_total",
    dropped: "telemetry_log_lines_dropped_total",
    queued: "telemetry_log_queue_size",
    queuedBytes: "telemetry_log_queue_bytes",
    capacityBytes: "telemetry_log_queue_capacity_bytes",
    items: "log lines",
    capacity: lineBytes,
  });

  process.once("beforeExit", () => void shutdownTelemetry());
  process.on("uncaughtException", crash);
}

/** Reports problems with the environment, and ends the process if a setting is invalid. */
function checkSettings(): void {
  if (!hasServiceName)
    fatalProblems.push("OTEL_SERVICE_NAME is not set: set it to the name of this service.");
  for (const sentence of [...notices, ...fatalProblems]) report(sentence);
  if (fatalProblems.length > 0) process.exit(1);
}

/** Loads the SDK only if it is needed: a process without traces is a third smaller. */
function startTracing(counters: Counters, capacityBytes: number): Tracing {
  if (env.OTEL_SDK_DISABLED) return { stop: async () => {} };
  const tracing = createRequire(import.meta.url)("./tracing/sdk.ts") as typeof import("./tracing/sdk.ts");
  return tracing.startTracing(counters, capacityBytes);
}

/** Logs and flushes a crash, within a time limit, and still ends the process. Telemetry matters most at a crash. */
function crash(error: unknown): void {
  // An app that handles its own crashes decides what happens next.
  if (process.listenerCount("uncaughtException") > 1) return;
  console.error(error);
  logger.fatal({ err: error }, "crashed");
  void shutdownTelemetry({ timeoutMs: CRASH_FLUSH_MS }).finally(() => process.exit(1));
}

/** The largest limit of one delivery queue. */
const LARGEST_BYTES = 64 * 2 ** 20;

/** The values from which {@link bufferBytes} computes the limit, in bytes. */
export interface Memory {
  /** The limit of V8's heap. */
  heap: number;
  /** The limit of the container; 0 or a very large number if there is none. */
  container: number;
  /** The memory of the machine. */
  machine: number;
}

const memoryOfThisProcess = (): Memory => ({
  heap: getHeapStatistics().heap_size_limit,
  container: process.constrainedMemory(),
  machine: totalmem(),
});

/**
 * Returns the maximum size of one delivery queue in bytes. It is 1/32 of the memory of the container or machine,
 * because there are two queues and the service needs most of the memory, and at most 1/8 of the heap limit, which
 * indicates the intended size of the process.
 */
export function bufferBytes({ heap, container, machine }: Memory = memoryOfThisProcess()): number {
  const memory = container > 0 ? Math.min(container, machine) : machine;
  return Math.floor(Math.min(heap / 8, memory / 32, LARGEST_BYTES));
}
