import assert from "node:assert/strict";
import { appendFileSync, closeSync, existsSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/helpers.ts";
import { createStack } from "./stack.ts";
import { boundLog, openLog, prepareStateFolder, tailOf } from "./state-folder.ts";

const folder = temporaryFolder();

test("a missing state folder is created", () => {
  const stateFolder = join(folder, "a b", "c");
  prepareStateFolder(stateFolder);
  assert.ok(existsSync(stateFolder));
});

test("the error for an unusable state folder names the variable that changes it, without a stack trace", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const stateFolder of [file, join(file, "below")]) {
    const expected = { name: "LabError", message: /file.* cannot be used: .*\n {2}fix: {5}set LAB_STATE/ };
    await assert.rejects(createStack({ stateFolder, components: [] }), expected);
  }
});

test("the tail is the last lines after the offset", () => {
  const file = join(temporaryFolder(), "a.log");
  appendFileSync(file, "old 1\nold 2\n");
  const { descriptor, offset } = openLog(file);
  writeSync(descriptor, "new 1\nnew 2\nnew 3\n");
  closeSync(descriptor);
  assert.deepEqual(tailOf(file, 2), ["new 2", "new 3"]);
  assert.deepEqual(tailOf(file, 10, offset), ["new 1", "new 2", "new 3"]);
  assert.deepEqual(tailOf(join(file, "nothing"), 10), []);
});

test("a log that has grown too long is emptied in place, while a child continues to write to it", () => {
  const file = join(temporaryFolder(), "a.log");
  const { descriptor } = openLog(file);
  writeSync(descriptor, "x".repeat(2000));
  boundLog(file, 1000);
  writeSync(descriptor, "after\n");
  closeSync(descriptor);
  assert.equal(readFileSync(file, "utf8"), "after\n");
  assert.equal(readFileSync(`${file}.1`, "utf8").length, 2000);
});
