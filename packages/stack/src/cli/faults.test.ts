import assert from "node:assert/strict";
import { test } from "node:test";
import { fixMessage, inInstances } from "./faults.ts";

test("lab fix lists the faults that it ended", () => {
  assert.equal(fixMessage(["slow-a", "slow-b"], undefined), "Ended: slow-a, slow-b.");
  assert.equal(fixMessage(["slow-b"], "slow-b"), "Ended: slow-b.");
});

test("lab fix says that a fault, or no fault at all, was not active", () => {
  assert.equal(fixMessage([], "slow-b"), "slow-b was not active.");
  assert.equal(fixMessage([], undefined), "No fault was active.");
});

test("lab faults names the instances if a fault is active in some of them only", () => {
  assert.equal(inInstances(undefined), "");
  assert.equal(inInstances([2]), " (instance 2)");
  assert.equal(inInstances([1, 3]), " (instances 1, 3)");
});
