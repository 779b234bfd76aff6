import type { NumbersParams } from "@lgtm-lab/contracts";
import { type Call, type NumbersSource, Problem } from "@lgtm-lab/kit";

/** A source whose streams are all there: one that ends before its last value becomes `backend-broken`, never a short answer. */
export function complete(source: NumbersSource): NumbersSource {
  const { collect } = source;
  const check = (received: number, { count }: NumbersParams) => {
    if (received === count) return;
    throw new Problem("backend-broken", `Service B sent ${received} of ${count} values.`);
  };
  return {
    async *stream(params: NumbersParams, call: Call) {
      let received = 0;
      for await (const value of source.stream(params, call)) {
        received += 1;
        yield value;
      }
      check(received, params);
    },
    ...(collect && {
      async collect(params: NumbersParams, call: Call) {
        const values = await collect(params, call);
        check(values.length, params);
        return values;
      },
    }),
  };
}
