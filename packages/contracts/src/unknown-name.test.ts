import assert from "node:assert/strict";
import { test } from "node:test";
import { closest, unknownName } from "./unknown-name.ts";

const NAMES = ["tempo", "loki", "prometheus", "gateway", "gateway-rest"];

test("a mistyped name finds the one that was meant", () => {
  assert.equal(closest("tmpo", NAMES), "tempo");
  assert.equal(closest("Prometeus", NAMES), "prometheus");
  assert.equal(closest("gatway", NAMES), "gateway");
  assert.equal(closest("mysql", NAMES), undefined);
});

test("the message for an unknown name lists the known ones, and suggests a similar one", () => {
  assert.equal(
    unknownName("fault", "slow-aa", ["slow-a", "stall-b"]),
    'Unknown fault "slow-aa". Available: slow-a, stall-b. Did you mean slow-a?',
  );
  assert.equal(unknownName("fault", "nope", ["slow-a"]), 'Unknown fault "nope". Available: slow-a.');
});
