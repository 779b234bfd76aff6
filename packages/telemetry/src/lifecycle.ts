import { type Counters, newCounters } from "./delivery/counters.ts";
import { flushStdout } from "./logs/logger.ts";

/** The parts that `register` started and that this module stops. */
export interface Started {
  spans: Readonly<Counters>;
  logLines: Readonly<Counters>;
  stopTracing(timeoutMs: number): Promise<void>;
  stopShipping(timeoutMs: number): Promise<void>;
}

let started: Started = {
  spans: newCounters(),
  logLines: newCounters(),
  stopTracing: async () => {},
  stopShipping: async () => {},
};
let stopping: Promise<void> | undefined;

/** Registers the running parts. */
export function registerParts(running: Started): void {
  started = running;
}

/**
 * Flushes spans, then log lines, and stops both. An app calls it last. It takes at most about `timeoutMs`; items that
 * are not delivered by then are counted as dropped and reported on stderr. Later calls wait for the first one.
 */
export function shutdownTelemetry({ timeoutMs = 5000 }: { timeoutMs?: number } = {}): Promise<void> {
  stopping ??= stop(timeoutMs);
  return stopping;
}

async function stop(timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const left = () => Math.max(0, deadline - performance.now());
  await started.stopTracing(left() / 2);
  await started.stopShipping(left());
  flushStdout();
}

/** Totals of both transports since the start. */
export interface TelemetryStatus {
  spans: { exported: number; dropped: number; queued: number };
  logLines: { pushed: number; dropped: number; queued: number };
}

/** Returns the totals of both transports since the start. */
export function telemetryStatus(): TelemetryStatus {
  const { spans, logLines } = started;
  return {
    spans: { exported: spans.delivered, dropped: spans.dropped, queued: spans.queued },
    logLines: { pushed: logLines.delivered, dropped: logLines.dropped, queued: logLines.queued },
  };
}
