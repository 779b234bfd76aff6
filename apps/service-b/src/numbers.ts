import { setTimeout } from "node:timers/promises";
import type { NumbersParams } from "@lgtm-lab/contracts";

/**
 * Produces 1, 2, … count with `delay_ms` between two values. The time of each value is computed from the start, so that
 * late timers do not add up. Throws the reason of the signal as soon as it aborts.
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
