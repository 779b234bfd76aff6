import assert from "node:assert/strict";
import { test } from "node:test";
import { readChoices } from "./load.ts";

test("the options of lab load are read", () => {
  assert.deepEqual(readChoices({ users: "25, 50", duration: "500ms", transport: "rest" }), {
    quick: undefined,
    users: [25, 50],
    seconds: 0.5,
    protocol: "rest",
  });
  assert.deepEqual(readChoices({ quick: true }), {
    quick: true,
    users: undefined,
    seconds: undefined,
    protocol: undefined,
  });
});

for (const [options, message] of [
  [{ users: "0" }, /--users 0 is not valid: it must be numbers of users like 25,50/],
  [{ users: "25,,50" }, /--users 25,,50 is not valid/],
  [{ users: "1e3" }, /--users 1e3 is not valid/],
  [{ duration: "30" }, /--duration 30 is not valid: it must be a duration such as 90s/],
  [{ transport: "http" }, /--transport http is not valid: it must be grpc or rest/],
] as const)
  test(`lab load rejects ${JSON.stringify(options)}`, () => {
    assert.throws(() => readChoices(options), { name: "LabError", message });
  });
