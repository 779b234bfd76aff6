import assert from "node:assert/strict";
import { test } from "node:test";
import { createSlots } from "./slots.ts";

test("so many at once, the rest in line, also after one has failed", async () => {
  const slots = createSlots(2);
  let atWork = 0;
  let most = 0;
  const work = async (index: number) => {
    most = Math.max(most, ++atWork);
    await new Promise(setImmediate);
    atWork -= 1;
    if (index === 1) throw new Error("failed");
    return index;
  };
  const done = await Promise.allSettled([0, 1, 2, 3, 4].map((index) => slots(() => work(index))));
  assert.equal(most, 2);
  assert.deepEqual(
    done.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"],
  );
});
