import { type DestinationStream, transport } from "pino";
import { type Counters, newCounters, SHARED_COUNTERS_BYTES, sharedCounters } from "../delivery/counters.ts";
import { finishesWithin } from "../delivery/finishes-within.ts";
import { report } from "../delivery/report.ts";
import { env, serviceName } from "../env.ts";
import { bundle } from "./bundle.ts";
import { shipTo } from "./logger.ts";
import type { LokiWorkerOptions } from "./loki-worker.ts";

export interface Shipping {
  counters: Readonly<Counters>;
  /** Stops shipping. Waits until Loki has every line, but at most `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

/**
 * Starts the worker thread that sends log lines to Loki. Does nothing if `LOKI_URL` is empty. At most `capacityBytes`
 * of lines wait.
 */
export function startShipping(capacityBytes: number): Shipping {
  const { loki } = env;
  if (!loki) return { counters: newCounters(), stop: async () => {} };
  const memory = new SharedArrayBuffer(SHARED_COUNTERS_BYTES);
  const progress = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  const options: LokiWorkerOptions = {
    url: loki.url,
    setting: loki.setting,
    tls: loki.tls,
    serviceName,
    capacity: env.TELEMETRY_LOG_BUFFER,
    capacityBytes,
    counters: memory,
    progress,
  };
  const worker = transport({
    target: new URL("./loki-worker.ts", import.meta.url).href,
    options,
    worker: { execArgv: [] }, // otherwise it would preload this package again
  });
  const toWorker = new LogWorkerChannel(worker, { capacityBytes, memory, progress });
  const lines = bundle((text, count) => toWorker.write(text, count));
  const flushToWorker = () => lines.flush();
  worker.on("error", (error: Error) => {
    toWorker.died();
    shipTo(lines, { isAlive: false });
    report(`${loki.setting}: the log worker failed, log lines now go to stdout only: ${error.message}`);
  });
  // Before pino's own listener, which waits for the worker and ends it.
  process.prependListener("exit", flushToWorker);
  shipTo(lines);
  return {
    counters: toWorker,
    async stop(timeoutMs) {
      shipTo(undefined);
      lines.flush();
      await finishesWithin(timeoutMs, new Promise((flushed) => worker.flush(flushed)));
      worker.end();
    },
  };
}

/**
 * The channel to the worker thread, and the totals of both sides. The stream between them buffers everything that the
 * worker has not read yet, without a limit; this class limits it. Lines that are lost on the way or with the worker
 * count as dropped.
 */
export class LogWorkerChannel implements Readonly<Counters> {
  readonly #worker: DestinationStream;
  readonly #capacityBytes: number;
  readonly #worked: Counters;
  readonly #progress: BigInt64Array;
  #alive = true;
  #behind = false;
  #characters = 0;
  #lines = 0;
  #lost = 0;

  constructor(
    worker: DestinationStream,
    options: { capacityBytes: number; memory: SharedArrayBuffer; progress: SharedArrayBuffer },
  ) {
    this.#worker = worker;
    this.#capacityBytes = options.capacityBytes;
    this.#worked = sharedCounters(options.memory);
    this.#progress = new BigInt64Array(options.progress);
  }

  /** Passes on a text of `lines` lines, or drops it if too much earlier text is still unread. */
  write(text: string, lines: number): void {
    const unread = this.#characters - Number(Atomics.load(this.#progress, 0));
    if (!this.#alive || unread + text.length > this.#capacityBytes) {
      this.#lost += lines;
      if (this.#alive && !this.#behind) report("dropping log lines: the log worker does not keep up");
      this.#behind = true;
      return;
    }
    if (unread === 0) this.#behind = false;
    this.#characters += text.length;
    this.#lines += lines;
    this.#worker.write(text);
  }

  /** Drops all later lines. The lines in the worker are lost. */
  died(): void {
    this.#alive = false;
  }

  get queued(): number {
    return this.#alive ? this.#worked.queued : 0;
  }

  get queuedBytes(): number {
    return this.#alive ? this.#worked.queuedBytes : 0;
  }

  get delivered(): number {
    return this.#worked.delivered;
  }

  get dropped(): number {
    const { delivered, dropped } = this.#worked;
    return this.#lost + (this.#alive ? dropped : this.#lines - delivered);
  }
}
