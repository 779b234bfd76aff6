import { NodeSDK } from "@opentelemetry/sdk-node";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import pWaitFor from "p-wait-for";
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
const TIMEOUT_MS = 5000;

/**
 * Waits until `find` returns a truthy value, and returns that value. The telemetry of a request ends just after its
 * response arrives. Throws after 5 s.
 */
export const waitForResult = <T>(
  find: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> =>
  pWaitFor<T>(
    async () => {
      const result = await find();
      return result ? pWaitFor.resolveWith(result) : false;
    },
    {
      interval: 1,
      timeout: { milliseconds: TIMEOUT_MS, message: `still nothing after ${TIMEOUT_MS} ms: ${find}` },
    },
  );

/** Waits for the finished span that `wanted` describes. */
export const span = (wanted: (span: ReadableSpan) => boolean): Promise<ReadableSpan> =>
  waitForResult(() => exporter.getFinishedSpans().find(wanted));

/** Returns all finished spans. */
export const finishedSpans = (): ReadableSpan[] => exporter.getFinishedSpans();

/** Waits for the log line that `wanted` describes. */
export const line = (wanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> =>
  waitForResult(() => lines.find(wanted));

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
