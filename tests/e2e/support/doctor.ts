import assert from "node:assert/strict";
import { diagnose, type HopResult, type RunningStack } from "@lgtm-lab/stack";
import { eventually } from "./within.ts";

/**
 * Asserts that the doctor reports exactly this hop of this signal with reason and fix, and does not check the hops
 * after it.
 */
export function assertNamed(verdicts: HopResult[], signal: string, hop: string, cause: RegExp): void {
  const own = verdicts.filter((each) => each.signal === signal);
  const found = own.find(({ state }) => state === "broken");
  assert.equal(found?.hop, hop, JSON.stringify(own, undefined, 1));
  assert.match(found?.text ?? "", cause);
  assert.ok(found?.fix, "it names no fix");
  const index = own.indexOf(found);
  assert.ok(own.slice(0, index).every(({ state }) => state === "ok"));
  assert.ok(own.slice(index + 1).every(({ state }) => state === "not reached"));
}

/** Waits until the doctor finds nothing. Ignores losses, which other tests may have caused. */
export async function assertHealthy(stack: RunningStack): Promise<void> {
  await eventually(
    "the doctor finds nothing",
    async () => (await diagnose(stack)).every(({ signal, state }) => signal === "losses" || state === "ok"),
    // One run can take more than 10 s.
    90_000,
  );
}
