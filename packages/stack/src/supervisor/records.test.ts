import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { prepareState } from "./records.ts";
import { createStack } from "./stack.ts";

const folder = mkdtempSync(join(tmpdir(), "lab-prepare-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a missing state folder is created", () => {
  const state = join(folder, "a b", "c");
  prepareState(state);
  assert.ok(existsSync(state));
});

test("the error for an unusable state folder names the variable that changes it, without a stack trace", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const state of [file, join(file, "below")]) {
    const expected = { name: "LabError", message: /file.* cannot be used: .*\n {2}fix: {5}set LAB_STATE/ };
    await assert.rejects(createStack({ state, components: [] }), expected);
  }
});
