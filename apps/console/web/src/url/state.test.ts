import assert from "node:assert/strict";
import { test } from "vitest";
import { flag, list, oneOf, text, wholeNumber } from "./state.ts";

test("reads back what it wrote, and omits defaults", () => {
  assert.deepEqual(text("x").write("x"), []);
  assert.equal(text("x").read(text("x").write("y")), "y");
  assert.equal(wholeNumber(5).read(wholeNumber(5).write(7)), 7);
  assert.deepEqual(flag(true).write(true), []);
  assert.equal(flag(true).read(flag(true).write(false)), false);
  assert.deepEqual(list.read(list.write(["a", "b"])), ["a", "b"]);
});

test("reads an invalid value as the default", () => {
  const between = wholeNumber(5, { min: 1, max: 9 });
  for (const value of ["", "0", "10", "1e1", "-1", "5.5", "NaN", "9999999999999999999"])
    assert.equal(between.read([value]), 5, value);
  assert.equal(oneOf(["grpc", "rest"], "grpc").read(["<script>"]), "grpc");
  assert.equal(between.read([]), 5);
});
