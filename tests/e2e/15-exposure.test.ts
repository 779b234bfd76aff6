import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRecords } from "../../packages/stack/src/supervisor/state-folder.ts";
import { inContainers } from "./support/env.ts";
import { lab } from "./support/lab.ts";
import { assertOpenPorts, whyNoOpenPorts } from "./support/open-ports.ts";

// tests/compose and tests/kubernetes have separate tests of the exposure.
describe("exposure", { skip: inContainers || whyNoOpenPorts }, () => {
  it("the stack has the ports of its components open, on loopback, and no other port", async () => {
    const stack = await lab();
    const all = readRecords(stack.stateFolder).flatMap(({ ports }) => ports);
    assert.deepEqual(all.sort(), Object.values(stack.ports).sort(), "each port belongs to one component");
    assertOpenPorts(stack);
  });
});
