import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/helpers.ts";
import { releaseLock, takeLock } from "./lock.ts";
import { identify } from "./process-info.ts";

test("a lock is acquired once, until it is released", () => {
  const file = join(temporaryFolder(), "lock");
  assert.equal(takeLock(file, { what: "first" }), undefined);
  assert.equal(takeLock(file, { what: "second" })?.what, "first");
  releaseLock(file);
  assert.equal(takeLock(file, { what: "third" }), undefined);
});

test("the lock of a process that has ended is taken over, even if another process now has its pid", () => {
  const file = join(temporaryFolder(), "lock");
  writeFileSync(file, JSON.stringify({ ...identify(process.ppid), startTime: "1" }));
  assert.equal(takeLock(file, {}), undefined);
  assert.equal(takeLock(file, {})?.pid, process.pid);
});
