import { type ExportResult, ExportResultCode, globalErrorHandler } from "@opentelemetry/core";
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";
import { type Counters, newCounters } from "../delivery/counters.ts";
import { DeliveryQueue } from "../delivery/queue.ts";
import { report } from "../delivery/report.ts";
import type { OtlpSender } from "./otlp-sender.ts";

const BATCH_DELAY_MS = 200;
const BATCH_SPANS = 512;
/** A batch is passed on when it is about this large: the collector rejects requests above 16 MiB. */
const BATCH_BYTES = 2 ** 20;

export interface SpanExporterOptions {
  sender: OtlpSender;
  /** The maximum number of spans kept while the collector is unavailable. */
  capacity: number;
  /** The maximum number of their bytes. */
  capacityBytes: number;
  counters?: Counters;
  report?: (message: string) => void;
}

/**
 * Accepts every batch at once, and keeps it, serialized, until the collector has stored it. The OTLP exporter behind it
 * would try once and then drop the batch.
 */
export class BufferingSpanExporter implements SpanExporter {
  readonly #sender: OtlpSender;
  readonly #queue: DeliveryQueue;

  constructor(options: SpanExporterOptions) {
    this.#sender = options.sender;
    this.#queue = new DeliveryQueue({
      items: "spans",
      capacity: options.capacity,
      capacityBytes: options.capacityBytes,
      counters: options.counters ?? newCounters(),
      send: options.sender.send,
      join: options.sender.join,
      report: options.report ?? report,
    });
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    if (spans.length > 0) this.#take(spans);
    done({ code: ExportResultCode.SUCCESS });
  }

  /**
   * Queues spans in one request, or each in a separate one if one of them cannot be serialized or makes the request too
   * large.
   */
  #take(spans: ReadableSpan[]): void {
    const body = this.#serialized(spans);
    const single = spans.length === 1;
    if (Buffer.isBuffer(body) && (single || body.length <= 2 * BATCH_BYTES))
      this.#queue.offer(body, spans.length);
    else if (single) this.#queue.drop(1, `cannot serialize: ${String(body)}`);
    else for (const span of spans) this.#take([span]);
  }

  /** Returns the request with these spans, or the reason why they cannot be serialized. */
  #serialized(spans: ReadableSpan[]): unknown {
    try {
      return this.#sender.serialize(spans);
    } catch (error) {
      return error;
    }
  }

  /** Waits until the collector has everything, but at most `timeoutMs`. */
  async flush(timeoutMs: number): Promise<boolean> {
    return this.#queue.flush(timeoutMs);
  }

  async shutdown(): Promise<void> {
    this.#queue.abandon();
    await this.#sender.close();
  }
}

export interface SpanBatchesOptions {
  /** The maximum number of spans that the exporter keeps. A batch is never larger. */
  capacity: number;
  delayMs?: number;
  batchSpans?: number;
}

/**
 * Passes spans to `exporter` in the SDK's batches. The SDK keeps complete span objects and checks only their number,
 * after a delay. Here a batch is passed on as soon as it has many or large spans.
 */
export function spanBatches(
  exporter: SpanExporter,
  { capacity, delayMs = BATCH_DELAY_MS, batchSpans = BATCH_SPANS }: SpanBatchesOptions,
): SpanProcessor {
  const most = Math.min(capacity, batchSpans);
  let spans = 0;
  let bytes = 0;
  const counted: SpanExporter = {
    export(batch, done) {
      spans = 0;
      bytes = 0;
      exporter.export(batch, done);
    },
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor({
    exporter: counted,
    scheduledDelayMillis: delayMs,
    maxQueueSize: batchSpans,
    maxExportBatchSize: most,
  });
  return {
    onStart: batches.onStart.bind(batches),
    onEnd(span) {
      spans += 1;
      bytes += sizeOf(span);
      batches.onEnd(span);
      if (spans >= most || bytes >= BATCH_BYTES) batches.forceFlush().catch(globalErrorHandler);
    },
    forceFlush: batches.forceFlush.bind(batches),
    shutdown: batches.shutdown.bind(batches),
  };
}

/** Returns the approximate size of a span's strings in bytes. Large spans have large strings. */
function sizeOf({ name, attributes, events }: ReadableSpan): number {
  let size = name.length + textIn(attributes);
  for (const event of events) size += textIn(event.attributes);
  return size;
}

function textIn(attributes: ReadableSpan["attributes"] = {}): number {
  let size = 0;
  for (const key in attributes) {
    const value = attributes[key];
    if (typeof value === "string") size += value.length;
    else if (Array.isArray(value))
      for (const item of value) if (typeof item === "string") size += item.length;
  }
  return size;
}
