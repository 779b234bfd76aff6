import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Call, Problem } from "@lgtm-lab/service-runtime";
import fc from "fast-check";
import { checkNumbers } from "./check-numbers.ts";

const call = {} as Call; // these sources do not use the call
const params = { count: 3, delay_ms: 0 };

function sourceOf(values: number[]) {
  return checkNumbers({
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

describe("the values from service B", () => {
  it("are passed on if they are 1, 2, … count", async () => {
    for (const read of both([1, 2, 3])) assert.deepEqual(await read(), [1, 2, 3]);
  });

  for (const [what, values, message] of [
    ["too few values", [1, 2], /sent 2 values; expected 3/],
    ["too many values", [1, 2, 3, 4], /sent 4 values; expected 3/],
    ["values out of order", [1, 3, 2], /sent the value 3; expected 2/],
    ["one value repeatedly", [5, 5, 5], /sent the value 5; expected 1/],
  ] as const)
    it(`are rejected: ${what}`, async () => {
      for (const read of both([...values])) await assert.rejects(read, message);
    });

  it("are never wrong for a client, whatever the service sends", async () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer(), fc.double());
    const nearly = fc
      .tuple(fc.nat(3), fc.nat(1), fc.array(value, { maxLength: 1 }))
      .map(([at, removed, added]) => [1, 2, 3].toSpliced(at, removed, ...added));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.array(value, { maxLength: 6 }), nearly), async (values) => {
        for (const read of both(values))
          await read().then(
            (read) => assert.deepEqual(read, [1, 2, 3]),
            (error) => assert.ok(error instanceof Problem && error.kind === "backend-broken", `${error}`),
          );
      }),
    );
  });
});
