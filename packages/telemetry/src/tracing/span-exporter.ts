import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { complain } from "../delivery/complain.ts";
import { type Counters, newCounters } from "../delivery/counters.ts";
import { DeliveryQueue } from "../delivery/queue.ts";
import type { OtlpSender } from "./otlp-sender.ts";

export interface SpanExporterOptions {
  sender: OtlpSender;
  /** Most spans held while the collector is away. */
  capacity: number;
  counters?: Counters;
  complain?: (message: string) => void;
}

/**
 * Takes every batch at once, and keeps it until the collector has it. The OTLP exporter behind it would try once, and
 * drop.
 */
export class BufferingSpanExporter implements SpanExporter {
  readonly #sender: OtlpSender;
  readonly #queue: DeliveryQueue<ReadableSpan[]>;

  constructor(options: SpanExporterOptions) {
    this.#sender = options.sender;
    this.#queue = new DeliveryQueue({
      items: "spans",
      capacity: options.capacity,
      counters: options.counters ?? newCounters(),
      send: options.sender.send,
      complain: options.complain ?? complain,
    });
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    if (spans.length > 0) this.#queue.offer(spans, spans.length);
    done({ code: ExportResultCode.SUCCESS });
  }

  /** Waits until the collector has everything, or `timeoutMs` is over. */
  async flush(timeoutMs: number): Promise<boolean> {
    return this.#queue.flush(timeoutMs);
  }

  async shutdown(): Promise<void> {
    this.#queue.abandon();
    await this.#sender.close();
  }
}
