import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { within } from "../e2e/support/within.ts";
import { environment } from "../runner/env.ts";
import { compose, containerOf } from "./compose.ts";
import { docker } from "./docker.ts";
import { startOf } from "./stack.ts";

/** More requests than a gateway's container runs and queues, but fewer than the connections that it accepts. */
const REQUESTS = 900;
const RECOVERED_MS = 15_000;

describe(`service-a does not respond, and ${REQUESTS} clients wait for it`, () => {
  const hello = `http://127.0.0.1:${environment.GATEWAY_PORT}/a/hello?name=Ana`;

  // A request of the demo traffic would take the place of one of the 64 that run.
  before(() => compose("stop", "traffic"));
  after(() => compose("start", "traffic"));

  it("each request gets 504, or 503 if it would wait too long; the gateway stays up and recovers", async () => {
    const start = await startOf("gateway");
    await docker("pause", await containerOf("service-a"));
    const statuses = await Promise.all(
      Array.from({ length: REQUESTS }, async () => {
        const response = await fetch(hello);
        await response.arrayBuffer();
        if (response.status === 503) assert.match(response.headers.get("retry-after") ?? "", /^[1-9]\d?$/);
        return response.status;
      }),
    ).finally(() => compose("unpause", "service-a"));
    const count = (wanted: number) => statuses.filter((status) => status === wanted).length;
    console.log(`    ${count(504)} × 504, ${count(503)} × 503`);
    assert.equal(count(504) + count(503), REQUESTS);
    assert.ok(count(504) >= 64, "running requests end at their deadline");
    assert.ok(count(503) > 0, "the others are rejected: at once, or when they have waited too long");
    await within("the gateway serves again", RECOVERED_MS, async () => (await fetch(hello)).ok);
    assert.equal(await startOf("gateway"), start, "the gateway was restarted");
  });
});
