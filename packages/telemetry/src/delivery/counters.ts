/** Running totals of one delivery queue. */
export interface Counters {
  /** Waiting items, including the batch that is being sent. */
  queued: number;
  /** The memory that the waiting items use, in bytes. */
  queuedBytes: number;
  /** Items accepted by the receiver since the start. */
  delivered: number;
  /** Items lost since the start, for any reason. */
  dropped: number;
}

/** Returns counters that start at 0. */
export const newCounters = (): Counters => ({ queued: 0, queuedBytes: 0, delivered: 0, dropped: 0 });

const NAMES = ["queued", "queuedBytes", "delivered", "dropped"] as const;

/** The size in bytes of the shared memory that {@link sharedCounters} needs. */
export const SHARED_COUNTERS_BYTES = NAMES.length * BigInt64Array.BYTES_PER_ELEMENT;

/**
 * Counters in shared memory: a worker thread writes them, and the main thread can read them at any time, even if the
 * worker is busy or has ended. They have 64 bits, because a busy service counts 2^31 lines within weeks.
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
