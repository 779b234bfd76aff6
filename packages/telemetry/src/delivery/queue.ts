import { setTimeout as sleep } from "node:timers/promises";
import { Batch, type Join } from "./batch.ts";
import type { Counters } from "./counters.ts";
import { finishesWithin } from "./finishes-within.ts";

/** The result of one attempt to send one batch. */
export type SendResult =
  /** Accepted, except for `rejected` items, which are lost. */
  | { accepted: true; rejected?: number; reason?: string }
  /** A temporary failure. The same batch is retried. */
  | { retry: true; reason: string }
  /** A permanent failure. A retry would get the same response. */
  | { reject: true; reason: string };

export interface DeliveryOptions {
  /** The name of the items in messages, in the plural: "spans". */
  items: string;
  /** The maximum number of queued items, including the batch that is being sent. */
  capacity: number;
  /** The maximum number of queued bytes, including the batch that is being sent; see `bufferBytes`. */
  capacityBytes: number;
  counters: Counters;
  /** Makes one attempt, which is limited in time. `attempt` starts at 1. Must not throw. */
  send(body: Buffer, attempt: number): Promise<SendResult>;
  join: Join;
  /** Called once when items start to be lost, and once when delivery works again. */
  report(message: string): void;
}

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1000;
const QUIET_MS = 30_000;
/**
 * The pause between compressed batches. It lets V8 collect the garbage of the previous batch first, because a small
 * container has no memory for both.
 */
const DRAIN_PAUSE_MS = 25;
/** A receiver that has not responded for this long counts as unavailable. */
const UNAVAILABLE_AFTER_MS = 1000;

/**
 * A bounded queue that sends batches in order, one at a time, until each is accepted or permanently rejected. It keeps
 * serialized bytes outside V8's heap, and compresses them while the receiver is unavailable. When it is full, it drops
 * new batches and keeps the old ones, because the first minutes of an outage show its cause. Losses are counted, and
 * reported once per outage, at most every 30 s.
 */
export class DeliveryQueue {
  readonly #options: DeliveryOptions;
  readonly #batches: Batch[] = [];
  #attempt = 1;
  #attemptAt = 0;
  #flushing = false;
  #delivering: Promise<void> | undefined;
  /** Items lost since the last report, the reason of the latest loss, and whether a loss has been reported. */
  #lost = 0;
  #lastReason = "";
  #reported = false;
  /** Whether a complete batch was accepted since the last loss. */
  #works = false;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Adds a serialized batch of `items` items, or drops it if there is no room. */
  offer(body: Buffer, items: number): void {
    const { counters, capacity, capacityBytes } = this.#options;
    if (counters.queued + items > capacity) {
      this.#lose(items, `the queue of ${capacity} is full`);
      return;
    }
    if (!this.#hold(body, items)) {
      const queue = `the queue of ${capacityBytes} bytes`;
      const tooLarge = body.length > capacityBytes;
      this.#lose(items, tooLarge ? `the request is larger than ${queue}` : `${queue} is full`);
      return;
    }
    counters.queued += items;
    counters.queuedBytes = this.#bytes();
    this.#delivering ??= this.#deliver();
  }

  /** Counts items that cannot be queued at all. */
  drop(items: number, reason: string): void {
    this.#lose(items, reason);
  }

  /** Resolves to true when everything offered so far is delivered, or to false after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<boolean> {
    this.#flushing = true;
    return this.#delivering ? finishesWithin(timeoutMs, this.#delivering) : true;
  }

  /** Drops and counts all remaining items. Called when the process cannot wait any longer. */
  abandon(): void {
    const { counters, items, report } = this.#options;
    const left = counters.queued;
    if (left === 0) return;
    this.#batches.length = 0;
    counters.queued = 0;
    counters.queuedBytes = 0;
    counters.dropped += left;
    report(`${left} ${items} could not be delivered before the process ended`);
  }

  /**
   * Appends to the last batch where possible: few large requests cost less and compress better than many small ones.
   * Compresses while the receiver is unavailable, or if the body does not fit otherwise. Returns whether it was added.
   */
  #hold(body: Buffer, items: number): boolean {
    const { capacityBytes } = this.#options;
    // The body needs the same amount of memory when it is sent.
    if (body.length > capacityBytes) return false;
    const fits = (bytes: number) => this.#bytes() + bytes <= capacityBytes;
    const last = this.#batches.length > 1 ? this.#batches.at(-1) : undefined; // never to the batch that is being sent
    if (fits(body.length) && last?.add(body, items)) return true;
    const batch = new Batch(body, items, this.#options.join);
    const full = !fits(batch.bytes);
    if (full || this.#isStalled()) for (const waiting of this.#batches) waiting.pack();
    if (full) batch.pack();
    if (full && !fits(batch.bytes)) return false;
    this.#batches.push(batch);
    return true;
  }

  #isStalled(): boolean {
    return this.#attempt > 1 || performance.now() - this.#attemptAt > UNAVAILABLE_AFTER_MS;
  }

  #bytes(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.bytes, 0);
  }

  async #deliver(): Promise<void> {
    for (let batch = this.#batches[0]; batch; batch = this.#batches[0]) {
      this.#attemptAt = performance.now();
      const packed = batch.packed;
      const body = batch.body();
      const outcome = await this.#options.send(body, this.#attempt);
      if (batch !== this.#batches[0]) return; // abandoned in the meantime
      if ("retry" in outcome) {
        const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#attempt - 1, 10));
        this.#attempt += 1;
        await sleep(pause * (0.8 + 0.2 * Math.random()), undefined, { ref: false });
        continue;
      }
      this.#attempt = 1;
      // A receiver may reject a request before it has read the whole body, which is then still being written.
      if (packed && "accepted" in outcome) batch.release(body);
      this.#batches.shift();
      this.#options.counters.queuedBytes = this.#bytes();
      this.#settle(batch.items, outcome);
      if (packed && !this.#flushing) await sleep(DRAIN_PAUSE_MS, undefined, { ref: false });
    }
    this.#delivering = undefined;
    if (this.#lost > 0 && this.#works) this.#recovered();
  }

  #settle(items: number, outcome: Exclude<SendResult, { retry: true }>): void {
    const { counters } = this.#options;
    const rejected = "reject" in outcome ? items : (outcome.rejected ?? 0);
    counters.queued -= items;
    counters.delivered += items - rejected;
    if (rejected === 0) this.#works = true;
    else this.#lose(rejected, `the receiver rejected them: ${outcome.reason ?? "no reason given"}`);
  }

  #lose(items: number, reason: string): void {
    this.#options.counters.dropped += items;
    this.#works = false;
    this.#lost += items;
    this.#lastReason = reason;
    if (this.#reported || this.#isQuiet()) return;
    this.#reported = true;
    this.#reportedAt = performance.now();
    this.#options.report(`dropping ${this.#options.items}: ${reason}`);
  }

  #recovered(): void {
    const { items, report } = this.#options;
    if (this.#reported) report(`delivering again; ${this.#lost} ${items} were dropped`);
    else if (this.#isQuiet()) return;
    else {
      this.#reportedAt = performance.now();
      report(`${this.#lost} ${items} were dropped: ${this.#lastReason}`);
    }
    this.#lost = 0;
    this.#reported = false;
  }

  /** Returns whether the last report is too recent for another one. A receiver may reject several batches a second. */
  #isQuiet(): boolean {
    return performance.now() - this.#reportedAt < QUIET_MS;
  }
}
