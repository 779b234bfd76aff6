import assert from "node:assert/strict";
import { test } from "vitest";
import { poll } from "./poll.ts";

const never = new AbortController().signal;

test("one looks until nothing is missing, and tells what is", async () => {
  const steps = [["root", "b"], ["b"], []];
  const told: (readonly string[])[] = [];
  const found = await poll({
    everyMs: 1,
    deadlineMs: 1000,
    signal: never,
    look: async () => ({ value: steps.length, missing: steps.shift() ?? ["too many looks"] }),
    onProgress: ({ missing }) => void told.push(missing),
  });
  assert.deepEqual(found, { value: 1, missing: [] });
  assert.deepEqual(told, [["root", "b"], ["b"]]);
});

test("when the time is up one has what was seen last", async () => {
  const look = async () => ({ value: "half", missing: ["root"] });
  const found = await poll({ everyMs: 5, deadlineMs: 20, signal: never, look, onProgress: () => undefined });
  assert.deepEqual(found, { value: "half", missing: ["root"] });
});

test("who leaves waits no longer", async () => {
  const leaving = new AbortController();
  const look = async () => ({ value: 0, missing: ["x"] });
  const waiting = poll({
    everyMs: 60_000,
    deadlineMs: 120_000,
    signal: leaving.signal,
    look,
    onProgress: () => leaving.abort(),
  });
  await assert.rejects(waiting, { name: "AbortError" });
});
