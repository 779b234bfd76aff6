import assert from "node:assert/strict";
import { endFaults, faultAccessOf, setFault } from "@lgtm-lab/faults/client";
import { readEnvironment } from "@lgtm-lab/stack";
import pWaitFor from "p-wait-for";
import { faultCheck } from "./support/check.ts";
import { ruleStates } from "./support/rules.ts";

/** Time for three bad events, the 6 s of `for`, and evaluations every 10 s. */
const FIRES_MS = 60_000;
const CLEARS_MS = 180_000;

faultCheck(
  "a fault makes Grafana's own rules fire, and they are resolved when it ends",
  async (visitor, fault) => {
    const access = faultAccessOf(readEnvironment());
    const firing = async () =>
      (await ruleStates(visitor)).filter(
        ({ state, labels }) => state === "firing" && labels.severity === "page",
      );
    assert.deepEqual(await firing(), [], "a page was firing before the fault");
    await setFault(access, fault, { forMs: FIRES_MS });
    try {
      await pWaitFor(async () => (await firing()).length > 0, { interval: 1000, timeout: FIRES_MS });
    } finally {
      await endFaults(access, fault);
    }
    await pWaitFor(async () => (await firing()).length === 0, { interval: 1000, timeout: CLEARS_MS });
  },
);
