import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { podsOf, skipUnlessOwnCluster } from "./stack.ts";

// The last of these files, so that the pods have run under all tests.
describe("the memory limits", { skip: skipUnlessOwnCluster }, () => {
  it("no container of a running pod was killed because it exceeded its limit", async () => {
    const killed = (await podsOf()).filter(({ status }) =>
      status.containerStatuses?.some(({ lastState }) => lastState?.terminated?.reason === "OOMKilled"),
    );
    assert.deepEqual(
      killed.map(({ metadata }) => metadata.name),
      [],
    );
  });
});
