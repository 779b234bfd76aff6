import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/helpers.ts";
import { releaseLock, takeLock } from "./lock.ts";
import { identify } from "./process-info.ts";

test("a lock is taken once, until it is given back", () => {
  const file = join(temporaryFolder(), "lock");
  assert.equal(takeLock(file, { what: "first" }), undefined);
  assert.equal(takeLock(file, { what: "second" })?.what, "first");
  releaseLock(file);
  assert.equal(takeLock(file, { what: "third" }), undefined);
});

test("a lock whose taker is gone is taken over, also when its pid belongs to another now", () => {
  const file = join(temporaryFolder(), "lock");
  writeFileSync(file, JSON.stringify({ ...identify(process.ppid), startTime: "1" }));
  assert.equal(takeLock(file, {}), undefined);
  assert.equal(takeLock(file, {})?.pid, process.pid);
});
