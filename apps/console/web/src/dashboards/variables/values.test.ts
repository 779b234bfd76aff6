import assert from "node:assert/strict";
import { test } from "vitest";
import { readVariable } from "../model/variable.ts";
import { chosenValues, meaningOf, urlValues } from "./values.ts";

const many = readVariable({
  name: "s",
  type: "query",
  multi: true,
  includeAll: true,
  allValue: ".+",
  current: { value: "$__all" },
});
const single = readVariable({ name: "s", type: "custom", query: "a,b" });
const typed = readVariable({ name: "t", type: "textbox", current: { value: "" } });
const options = ["a", "b"].map((value) => ({ value, text: value.toUpperCase() }));
const state = (variable: typeof many, chosen: readonly string[]) => ({
  variable,
  chosen,
  options,
  isLoading: false,
  error: undefined,
});

test("uses the values in the URL, then the file's default, then the first option", () => {
  assert.deepEqual(chosenValues(many, ["a", "b"], options), ["a", "b"]);
  assert.deepEqual(chosenValues(many, [], options), ["$__all"]);
  assert.deepEqual(chosenValues(many, ["All"], options), ["$__all"]);
  assert.deepEqual(chosenValues(single, [], options), ["a"]);
  assert.deepEqual(chosenValues(single, ["b", "a"], options), ["b"]);
  assert.deepEqual(chosenValues(typed, ["<script>"], undefined), ["<script>"]);
  assert.equal(chosenValues(typed, ["x".repeat(5000)], undefined)[0]?.length, 5000);
  assert.equal(chosenValues(many, Array.from({ length: 999 }, String), options).length, 999);
});

test("the value All is the file's pattern for it, or all options", () => {
  assert.deepEqual(meaningOf(state(many, ["$__all"])), { values: [".+"], raw: true, text: "All" });
  assert.deepEqual(meaningOf(state({ ...many, allValue: "" }, ["$__all"])), {
    values: ["a", "b"],
    text: "All",
  });
  assert.deepEqual(meaningOf(state(many, ["a"])), { values: ["a"], text: "A" });
});

test("a computed variable has the result of its query; URLs do not set it and links do not contain it", () => {
  const slow = readVariable({
    name: "slow",
    type: "query",
    hide: 2,
    skipUrlSync: true,
    current: { value: "100" },
  });
  assert.deepEqual(chosenValues(slow, [], undefined), ["100"]);
  assert.deepEqual(chosenValues(slow, ["7"], [{ value: "345", text: "345" }]), ["345"]);
  assert.deepEqual(urlValues([state(slow, ["345"]), state(many, ["a"])]), [["var-s", "a"]]);
});
