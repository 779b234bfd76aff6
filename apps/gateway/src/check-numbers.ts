import type { NumbersParams } from "@lgtm-lab/contracts";
import { type Call, type NumbersSource, Problem } from "@lgtm-lab/service-runtime";
import { valueCount } from "./services/errors.ts";

/**
 * Checks that a source returns exactly 1, 2, … count. Otherwise it throws the problem `backend-broken`, so that clients
 * never receive incomplete or wrong values without an error.
 */
export function checkNumbers(source: NumbersSource): NumbersSource {
  const { collect } = source;
  const checkValue = (value: number, expected: number) => {
    if (value === expected) return;
    throw new Problem("backend-broken", `service-b sent the value ${value}; expected ${expected}.`);
  };
  const checkCount = (received: number, { count }: NumbersParams) => {
    if (received === count) return;
    throw new Problem("backend-broken", `service-b sent ${valueCount(received)}; expected ${count}.`);
  };
  return {
    async *stream(params: NumbersParams, call: Call) {
      let received = 0;
      for await (const value of source.stream(params, call)) {
        received += 1;
        checkValue(value, received);
        yield value;
      }
      checkCount(received, params);
    },
    ...(collect && {
      async collect(params: NumbersParams, call: Call) {
        const values = await collect(params, call);
        for (const [index, value] of values.entries()) checkValue(value, index + 1);
        checkCount(values.length, params);
        return values;
      },
    }),
  };
}
