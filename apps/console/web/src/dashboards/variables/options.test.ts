import assert from "node:assert/strict";
import { test } from "vitest";
import { customOptions, filtered, intervalOptions, sorted } from "./options.ts";

const values = (options: readonly { value: string }[]) => options.map(({ value }) => value);

test("a custom list has values, texts and escaped commas", () => {
  assert.deepEqual(customOptions("a, b : 1,c\\,d,,"), [
    { text: "a", value: "a" },
    { text: "b", value: "1" },
    { text: "c,d", value: "c,d" },
  ]);
});

test("intervals are durations", () =>
  assert.deepEqual(values(intervalOptions("1m,auto,5m,x")), ["1m", "5m"]));

test("a regular expression selects values and parts of them; an invalid one has no effect", () => {
  assert.deepEqual(filtered(["up-1", "down-2"], "/up-(.*)/"), [{ value: "1", text: "1" }]);
  assert.deepEqual(filtered(["x 7"], "/(?<text>\\w) (?<value>\\d)/"), [{ value: "7", text: "x" }]);
  assert.deepEqual(values(filtered(["a", "b"], "/(/")), ["a", "b"]);
});

test("sorts alphabetically or by number, in both directions, without duplicates", () => {
  const options = filtered(["b10", "b9", "a", "a"], "");
  assert.deepEqual(values(sorted(options, 0)), ["b10", "b9", "a"]);
  assert.deepEqual(values(sorted(options, 1)), ["a", "b10", "b9"]);
  assert.deepEqual(values(sorted(options, 3)), ["a", "b9", "b10"]);
  assert.deepEqual(values(sorted(options, 4)), ["b10", "b9", "a"]);
});
