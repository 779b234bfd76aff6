import type { NumbersSource } from "../routes/numbers.ts";
import type { Faults } from "./faults.ts";

/** A source of numbers as it is while faults are set. */
export function withFaults(faults: Faults, source: NumbersSource, callee?: string): NumbersSource {
  const { collect } = source;
  return {
    stream: (params, call) => faults.stream(source.stream(params, call), params.count, call, callee),
    ...(collect && {
      async collect(params, call) {
        const wait = faults.before(call, callee);
        if (wait) await wait;
        return collect(params, call);
      },
    }),
  };
}
