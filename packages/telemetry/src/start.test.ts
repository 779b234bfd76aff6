import assert from "node:assert/strict";
import { test } from "node:test";
import { bufferBytes } from "./start.ts";

const MIB = 2 ** 20;
const machine = 24_000 * MIB;
const UNLIMITED = 2 ** 63;

for (const [what, memory, expected] of [
  ["a container", { heap: 51 * MIB, container: 124 * MIB, machine }, 124 / 32],
  ["a small heap without a container", { heap: 32 * MIB, container: 0, machine }, 4],
  ["a container without a limit", { heap: 40 * MIB, container: UNLIMITED, machine }, 5],
  ["a small machine", { heap: 2000 * MIB, container: 0, machine: 512 * MIB }, 16],
  ["a large machine", { heap: 4000 * MIB, container: 0, machine }, 64],
] as const)
  test(`${what}: the limit of each queue is ${expected} MiB`, () => {
    assert.equal(bufferBytes(memory), expected * MIB);
  });

test("the limit of this process is at least 1 MiB", () => assert.ok(bufferBytes() >= MIB));
