import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Call } from "@lgtm-lab/kit";
import { complete } from "../src/complete.ts";

const call = {} as Call; // the sources here do not look at it
const params = { count: 3, delay_ms: 0 };

function sourceOf(values: number[]) {
  return complete({
    async *stream() {
      yield* values;
    },
    collect: async () => values,
  });
}

const both = (values: number[]) => [
  () => Array.fromAsync(sourceOf(values).stream(params, call)),
  () => sourceOf(values).collect?.(params, call) ?? assert.fail(),
];

describe("what B sends", () => {
  it("is passed on when it is 1, 2, … count", async () => {
    for (const read of both([1, 2, 3])) assert.deepEqual(await read(), [1, 2, 3]);
  });

  for (const [what, values, says] of [
    ["too few values", [1, 2], /sent 2 of 3 values/],
    ["too many values", [1, 2, 3, 4], /sent 4 of 3 values/],
    ["values out of order", [1, 3, 2], /sent 3 where 2 belongs/],
    ["one value again and again", [5, 5, 5], /sent 5 where 1 belongs/],
  ] as const)
    it(`is a broken backend's when it is ${what}`, async () => {
      for (const read of both([...values])) await assert.rejects(read, says);
    });
});
