import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

const LARGEST_BYTES = 64 * 2 ** 20;

/** What {@link bufferBytes} derives the bound from, in bytes. */
export interface Memory {
  /** The limit of V8's heap. */
  heap: number;
  /** The limit of the container; 0 or a very large number when there is none. */
  container: number;
  /** The machine's memory. */
  machine: number;
}

const memoryOfThisProcess = (): Memory => ({
  heap: getHeapStatistics().heap_size_limit,
  container: process.constrainedMemory(),
  machine: totalmem(),
});

/**
 * Most bytes that one delivery queue may hold. A 32nd of the container or machine, since there are two queues and the
 * service itself needs most of the rest; an eighth of the heap, whose limit shows how large the process is meant to be.
 */
export function bufferBytes({ heap, container, machine }: Memory = memoryOfThisProcess()): number {
  const memory = container > 0 ? Math.min(container, machine) : machine;
  return Math.floor(Math.min(heap / 8, memory / 32, LARGEST_BYTES));
}
