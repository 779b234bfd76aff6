import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { temporaryFolder } from "../../test/helpers.ts";
import {
  hasEnded,
  identify,
  memoryMeasure,
  memoryOf,
  processInfo,
  processTree,
  releaseLock,
  takeLock,
} from "./processes.ts";

test("a process counts at most its resident size, and at least a part of it", () => {
  const here = processInfo(process.pid);
  assert.ok(here);
  const bytes = memoryOf(here);
  if (memoryMeasure() === "PSS") assert.ok(bytes < here.rssBytes, "shared libraries count in full");
  assert.ok(bytes > here.rssBytes / 10);
});

test("the resident size is used if the proportional size cannot be read", () => {
  assert.equal(memoryOf({ pid: 2 ** 30, rssBytes: 4096 }), 4096);
});

test("a process tree is a process and all its descendants", async () => {
  const child = execa("sh", ["-c", "sleep 60 & echo $!; wait"], { reject: false });
  const [line] = await once(child.stdout, "data");
  const pids = processTree(child.pid ?? 0).map(({ pid }) => pid);
  assert.deepEqual(pids.toSorted(), [child.pid, Number(line)].toSorted());
  assert.ok(processTree(process.pid).some(({ pid }) => pid === child.pid));
  process.kill(Number(line));
  await child;
});

test("npm and the bootstrap belong to the process tree of a stack, other parents do not", async () => {
  const started = execa("sh", ["-c", "sh -c 'sleep 60 & echo $!; wait' scripts/bootstrap.mjs; true"]);
  const [line] = await once(started.stdout, "data");
  const sleep = Number(line);
  const commands = processTree(sleep).map(({ command }) => command);
  assert.equal(commands.length, 3, commands.join("\n"));
  process.kill(sleep);
  await started;
});

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

for (const [what, state, threads, ended] of [
  ["runs", "S", 11, false],
  ["is a zombie", "Z", 1, true],
  ["is a zombie whose other threads still run, and hold its ports", "Z", 2, false],
  ["is dead", "X", 1, true],
] as const)
  test(`a process that ${what} has ${ended ? "" : "not "}ended`, () => {
    const times = "-1 4227084 3069 6572 23 2 6 1 3 2 20 0";
    assert.equal(
      hasEnded(`32022 (a (b) c) ${state} 32019 32019 549 0 ${times} ${threads} 0 3969437 0 0`),
      ended,
    );
  });
