import assert from "node:assert/strict";
import { test } from "node:test";
import { fixMessage } from "./faults.ts";

test("lab fix lists the faults that it ended", () => {
  assert.equal(fixMessage(["slow-a", "slow-b"], undefined), "Ended: slow-a, slow-b.");
  assert.equal(fixMessage(["slow-b"], "slow-b"), "Ended: slow-b.");
});

test("lab fix says that a fault, or no fault at all, was not active", () => {
  assert.equal(fixMessage([], "slow-b"), "slow-b was not active.");
  assert.equal(fixMessage([], undefined), "No fault was active.");
});
