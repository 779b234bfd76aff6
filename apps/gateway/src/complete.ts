import type { NumbersParams } from "@lgtm-lab/contracts";
import { type Call, type NumbersSource, Problem } from "@lgtm-lab/kit";

/**
 * A source whose streams are what they must be: 1, 2, … count. One that ends early, or sends anything else, becomes
 * `backend-broken`, never a short or a wrong answer.
 */
export function complete(source: NumbersSource): NumbersSource {
  const { collect } = source;
  const checkValue = (value: number, place: number) => {
    if (value === place) return;
    throw new Problem("backend-broken", `Service B sent ${value} where ${place} belongs.`);
  };
  const checkCount = (received: number, { count }: NumbersParams) => {
    if (received === count) return;
    throw new Problem("backend-broken", `Service B sent ${received} of ${count} values.`);
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
