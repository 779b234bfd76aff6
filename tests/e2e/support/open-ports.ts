import assert from "node:assert/strict";
import { HOST, processTree, type RunningStack } from "@lgtm-lab/stack";
import { descriptorsOf, openPorts } from "../../../packages/stack/src/programs/processes.ts";
import { readRecords } from "../../../packages/stack/src/supervisor/state-folder.ts";

/** Why {@link assertOpenPorts} cannot run here, if it cannot. */
export const whyNoOpenPorts = process.platform !== "linux" && "it reads /proc";

/**
 * Asserts that the running stacks have exactly the ports of their components open, on loopback only. Checks this process,
 * which is the launcher of the stacks, and all its descendants.
 */
export function assertOpenPorts(...stacks: readonly RunningStack[]): void {
  const declared = stacks.flatMap(({ stateFolder }) =>
    readRecords(stateFolder).flatMap(({ state, ports }) => (state === "ready" ? ports : [])),
  );
  const sockets = new Set(processTree(process.pid).flatMap(({ pid }) => descriptorsOf(pid)));
  const open = openPorts().filter(({ socket }) => sockets.has(socket));
  assert.deepEqual(
    open.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`).sort(),
    declared.map((port) => `tcp ${HOST} ${port}`).sort(),
  );
}
