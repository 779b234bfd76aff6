import { setTimeout } from "node:timers/promises";
import type { NumbersParams } from "@lgtm-lab/contracts";
import type { Call } from "@lgtm-lab/service-runtime";

/**
 * Produces 1, 2, … count with `delay_ms` between two values; without a delay, all are available at once. Throws the
 * reason as soon as the call ends early.
 */
export const numbers = (params: NumbersParams, call: Call): Iterable<number> | AsyncIterable<number> =>
  params.delay_ms === 0 ? immediate(params, call) : delayed(params, call);

function* immediate({ count }: NumbersParams, call: Call): Generator<number> {
  for (let value = 1; value <= count; value += 1) {
    if (call.ended) throw call.ended;
    yield value;
  }
}

/** The time of each value is computed from the start, so that late timers do not add up. */
async function* delayed({ count, delay_ms }: NumbersParams, { signal }: Call): AsyncGenerator<number> {
  const start = performance.now();
  for (let value = 1; value <= count; value += 1) {
    const waitMs = start + (value - 1) * delay_ms - performance.now();
    if (waitMs > 0) await setTimeout(waitMs, undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
    yield value;
  }
}
