/** Running totals of one delivery queue. */
export interface Counters {
  /** Items waiting, the batch being sent included. */
  queued: number;
  /** Items accepted by the receiver since the start. */
  delivered: number;
  /** Items lost since the start, for whatever reason. */
  dropped: number;
}

export const newCounters = (): Counters => ({ queued: 0, delivered: 0, dropped: 0 });

/** Bytes of shared memory that {@link sharedCounters} needs. */
export const SHARED_COUNTERS_BYTES = 3 * Int32Array.BYTES_PER_ELEMENT;

/**
 * Counters over shared memory: a worker thread writes them, the main thread reads them at any moment,
 * also while the worker is busy or gone.
 */
export function sharedCounters(memory: SharedArrayBuffer): Counters {
  const cells = new Int32Array(memory);
  const cell = (index: number): PropertyDescriptor => ({
    enumerable: true,
    get: () => Atomics.load(cells, index),
    set: (value: number) => Atomics.store(cells, index, value),
  });
  return Object.defineProperties({} as Counters, {
    queued: cell(0),
    delivered: cell(1),
    dropped: cell(2),
  });
}
