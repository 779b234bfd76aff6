import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { within } from "../e2e/support/within.ts";
import { compose } from "./compose.ts";
import { stateOf, untilReady } from "./stack.ts";

/** Checked every 4 s; three failures in a row make it unhealthy. */
const NOTICED_MS = 30_000;

/** The checking container, the stopped components, and the address that it must print. */
const CASES = [
  { checker: "probe", down: ["tempo"], named: "tempo:3200/ready: no response" },
  { checker: "probe", down: ["otelcol"], named: "otelcol:13133/: no response" },
  { checker: "gateway", down: ["service-a", "service-b"], named: "127.0.0.1:8080/readyz: 503" },
] as const;

describe("only a component that serves is healthy", () => {
  for (const { checker, down, named } of CASES)
    it(`${checker} is unhealthy while ${down.join(" and ")} cannot be reached, and healthy afterwards`, async () => {
      await untilReady([checker, ...down]);
      await compose("stop", ...down);
      try {
        const output = await within(`${checker} is unhealthy`, NOTICED_MS, async () => {
          const { Health } = await stateOf(checker);
          return Health?.Status === "unhealthy" && (Health.Log?.at(-1)?.Output ?? "nothing");
        });
        assert.ok(output.includes(named), output);
      } finally {
        await compose("start", ...down);
      }
      await untilReady([checker, ...down]);
    });
});
