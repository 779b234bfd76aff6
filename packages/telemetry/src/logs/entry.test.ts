import assert from "node:assert/strict";
import { test } from "node:test";
import { entryOf, lineOf, META_KEY } from "./entry.ts";

const IDS = { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" };
const HEAD = { level: "warning", time: "1763700000000000001" };

test("reads level, time and ids off a line, and leaves the line as it is", () => {
  const line = JSON.stringify({ ...HEAD, service_name: "x", ...IDS, nested: { a: ["}"] }, msg: "hi" });
  const entry = entryOf(line);
  assert.deepEqual(entry, { ...HEAD, [META_KEY]: IDS, line });
  assert.equal(lineOf({ ...entry, lokilevel: "warning" }), line);
});

test("is not taken in by a message that looks like ids", () => {
  const line = JSON.stringify({ ...HEAD, msg: JSON.stringify(IDS) });
  assert.deepEqual(entryOf(line), { ...HEAD, line });
});

test("a line that is not of our making is kept all the same", () => {
  assert.deepEqual(entryOf("oops"), { level: "info", line: "oops" });
});
