import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "./closest.ts";

const NAMES = ["tempo", "loki", "prometheus", "gateway", "gateway-rest"];

test("a mistyped name finds the one that was meant", () => {
  assert.equal(closest("tmpo", NAMES), "tempo");
  assert.equal(closest("Prometeus", NAMES), "prometheus");
  assert.equal(closest("gatway", NAMES), "gateway");
  assert.equal(closest("mysql", NAMES), undefined);
});
