import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { within } from "../e2e/support/within.ts";
import { compose, containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { stateOf, untilReady } from "./stack.ts";

/** Checked every 4 s; three failures in a row make it unhealthy. */
const NOTICED_MS = 30_000;

/** The stopped components, and the address that the checking container must print. */
type Case = readonly [down: readonly string[], named: string];
const CASES: Readonly<Record<string, readonly Case[]>> = {
  probe: [
    [["tempo"], "tempo:3200/ready: no response"],
    [["otelcol"], "otelcol:13133/: no response"],
  ],
  gateway: [[["service-a", "service-b"], "127.0.0.1:8080/readyz: 503"]],
};

// Concurrent, because the checkers do not depend on each other, and each case takes half a minute.
describe("only a component that serves is healthy", { concurrency: true }, () => {
  for (const [checker, cases] of Object.entries(CASES))
    it(`${checker} is unhealthy while what it checks cannot be reached, and healthy afterwards`, async () => {
      for (const [down, named] of cases) {
        await untilReady([checker, ...down]);
        const stopped = await Promise.all(down.map(containerOf));
        await compose("stop", ...down);
        try {
          const output = await within(`${checker} is unhealthy without ${down}`, NOTICED_MS, async () => {
            const { Health } = await stateOf(checker);
            return Health?.Status === "unhealthy" && (Health.Log?.at(-1)?.Output ?? "nothing");
          });
          assert.ok(output.includes(named), output);
        } finally {
          // Not `compose start`: newer versions also start what these depend on, which another case has stopped.
          await docker("start", ...stopped);
        }
        await untilReady([checker, ...down]);
      }
    });
});
