import { setTimeout } from "node:timers/promises";
import type { NumbersParams } from "@lgtm-lab/contracts";

/**
 * Produces 1, 2, … count with `delay_ms` between two values. Each value has its own time, counted from the start, so that
 * timers that fire late do not add up. Ends at once when the signal aborts, by throwing the signal's reason.
 */
export async function* numbers(
  { count, delay_ms }: NumbersParams,
  signal: AbortSignal,
): AsyncGenerator<number> {
  const start = performance.now();
  for (let value = 1; value <= count; value += 1) {
    const waitMs = start + (value - 1) * delay_ms - performance.now();
    if (waitMs > 0) await setTimeout(waitMs, undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
    yield value;
  }
}
