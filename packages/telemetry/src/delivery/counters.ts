/** Running totals of one delivery queue. */
export interface Counters {
  /** Items waiting, the batch being sent included. */
  queued: number;
  /** Bytes that the waiting items take in memory. */
  queuedBytes: number;
  /** Items accepted by the receiver since the start. */
  delivered: number;
  /** Items lost since the start, for whatever reason. */
  dropped: number;
}

export const newCounters = (): Counters => ({ queued: 0, queuedBytes: 0, delivered: 0, dropped: 0 });

const NAMES = ["queued", "queuedBytes", "delivered", "dropped"] as const;

/** Bytes of shared memory that {@link sharedCounters} needs. */
export const SHARED_COUNTERS_BYTES = NAMES.length * BigInt64Array.BYTES_PER_ELEMENT;

/**
 * Counters over shared memory: a worker thread writes them, the main thread reads them at any moment,
 * also while the worker is busy or gone. 64 bits: a busy service counts 2^31 lines within weeks.
 */
export function sharedCounters(memory: SharedArrayBuffer): Counters {
  const cells = new BigInt64Array(memory, 0, NAMES.length);
  const cell = (index: number): PropertyDescriptor => ({
    enumerable: true,
    get: () => Number(Atomics.load(cells, index)),
    set: (value: number) => Atomics.store(cells, index, BigInt(value)),
  });
  const properties = NAMES.map((name, index) => [name, cell(index)]);
  return Object.defineProperties({} as Counters, Object.fromEntries(properties));
}
