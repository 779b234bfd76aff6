import { NodeSDK } from "@opentelemetry/sdk-node";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { optimized } from "../src/env.ts";
import { shipTo } from "../src/logs/logger.ts";
import { registry } from "../src/metrics/registry.ts";
import { contextManager } from "../src/tracing/context-manager.ts";
import { instrumentations } from "../src/tracing/instrumentations.ts";
import { rpcConventions } from "../src/tracing/rpc-semconv.ts";
import { sampler } from "../src/tracing/sampler.ts";
import { serverSpanProcessor } from "../src/tracing/server-spans.ts";

const exporter = new InMemorySpanExporter();
new NodeSDK({
  ...(optimized && { contextManager }),
  instrumentations,
  sampler,
  spanProcessors: [serverSpanProcessor, rpcConventions, new SimpleSpanProcessor({ exporter })],
  metricReaders: [],
  logRecordProcessors: [],
}).start();

const lines: Record<string, unknown>[] = [];
shipTo({ write: (line: string) => void lines.push(JSON.parse(line)) });

/** The maximum time for which a test waits for an event, in milliseconds. */
const PATIENCE_MS = 5000;

/** Waits until `find` returns a value, because the telemetry of a request ends just after its response arrives. */
export async function eventually<T>(
  find: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`still nothing after ${PATIENCE_MS} ms: ${find}`);
    await new Promise(setImmediate);
  }
}

/** Waits for the finished span that `wanted` describes. */
export const span = (wanted: (span: ReadableSpan) => boolean): Promise<ReadableSpan> =>
  eventually(() => exporter.getFinishedSpans().find(wanted));

/** Returns all finished spans. */
export const finishedSpans = (): ReadableSpan[] => exporter.getFinishedSpans();

/** Waits for the log line that `wanted` describes. */
export const line = (wanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> =>
  eventually(() => lines.find(wanted));

/** Returns all log lines. */
export const loggedLines = (): readonly Record<string, unknown>[] => lines;

/**
 * Returns the sample of a series in the exposition text: `sample('x_total{route="/"}')`. Labels in the order exposed.
 */
export async function sample(series: string): Promise<number | undefined> {
  const text = await registry.metrics();
  const found = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return found === undefined ? undefined : Number(found.slice(series.length + 1).split(" ")[0]);
}

/** Removes all recorded spans and lines. */
export function reset(): void {
  exporter.reset();
  lines.length = 0;
}

/** Returns the duration of a span in milliseconds. */
export const durationMs = (finished: ReadableSpan): number =>
  finished.duration[0] * 1000 + finished.duration[1] / 1e6;
