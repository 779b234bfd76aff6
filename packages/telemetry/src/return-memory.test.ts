import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

test("returnMemory does not slow down process.nextTick", async (context) => {
  // In a separate process, because the test runner makes ticks slower.
  const program = join(import.meta.dirname, "../test/fixtures/ticks.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  const { before, after } = JSON.parse(stdout) as { before: number; after: number };
  const times = `${before.toFixed(0)} ns before, ${after.toFixed(0)} ns after`;
  context.diagnostic(times);
  assert.ok(after < 3 * before, times);
});
