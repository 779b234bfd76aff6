import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

const LARGEST_BYTES = 64 * 2 ** 20;

/** The values from which {@link bufferBytes} computes the limit, in bytes. */
export interface Memory {
  /** The limit of V8's heap. */
  heap: number;
  /** The limit of the container; 0 or a very large number if there is none. */
  container: number;
  /** The memory of the machine. */
  machine: number;
}

const memoryOfThisProcess = (): Memory => ({
  heap: getHeapStatistics().heap_size_limit,
  container: process.constrainedMemory(),
  machine: totalmem(),
});

/**
 * Returns the maximum size of one delivery queue in bytes. It is 1/32 of the memory of the container or machine,
 * because there are two queues and the service needs most of the memory, and at most 1/8 of the heap limit, which
 * indicates the intended size of the process.
 */
export function bufferBytes({ heap, container, machine }: Memory = memoryOfThisProcess()): number {
  const memory = container > 0 ? Math.min(container, machine) : machine;
  return Math.floor(Math.min(heap / 8, memory / 32, LARGEST_BYTES));
}
