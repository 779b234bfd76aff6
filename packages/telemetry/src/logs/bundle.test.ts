import assert from "node:assert/strict";
import { test } from "node:test";
import { bundle } from "./bundle.ts";

test("lines within 100 ms arrive as one text, in order, without a flush", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const texts: string[] = [];
  const lines = bundle((text) => texts.push(text));
  for (const line of ["a\n", "b\n", "c\n"]) lines.write(line);
  assert.deepEqual(texts, []);
  t.mock.timers.tick(100);
  lines.write("d\n");
  t.mock.timers.tick(100);
  assert.deepEqual(texts, ["a\nb\nc\n", "d\n"]);
});

test("flush passes on the waiting lines, once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const texts: string[] = [];
  const lines = bundle((text) => texts.push(text));
  lines.write("a\n");
  lines.flush();
  lines.flush();
  t.mock.timers.tick(100);
  assert.deepEqual(texts, ["a\n"]);
});

test("a burst is passed on at once, so its text is bounded", () => {
  const texts: string[] = [];
  const lines = bundle((text) => texts.push(text));
  const line = `${"x".repeat(1023)}\n`;
  for (let count = 0; count < 100; count += 1) lines.write(line);
  assert.deepEqual(texts, [line.repeat(64)]);
  lines.flush();
  assert.equal(texts.join(""), line.repeat(100));
});
