import assert from "node:assert/strict";
import { test } from "node:test";
import { setPendingKill } from "@lgtm-lab/faults/client";
import pWaitFor from "p-wait-for";
import { fixture, fixtureStack } from "../../test/helpers.ts";

const NEVER = { max: 0, withinMs: 60_000, firstDelayMs: 10, maxDelayMs: 20 };

test("a component with a pending kill is killed at each start, and stays up afterwards, even without allowed restarts", async (t) => {
  const { stack, events } = await fixtureStack(t, [fixture("serves")], { restartPolicy: NEVER });
  await stack.start();
  const { record } = stack.unit("serves");
  setPendingKill(stack.state, "serves", Date.now() + 60_000);
  await pWaitFor(() => record().restarts === 2, { timeout: 10_000 });
  setPendingKill(stack.state, "serves", undefined);
  await pWaitFor(() => record().state === "ready", { timeout: 10_000 });
  assert.deepEqual(
    events.flatMap((event) => (event.type === "died" ? [event.message] : [])),
    ["serves was killed: a fault that `lab break` set."],
  );
});
