import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { urls } from "../e2e/support/lab.ts";
import { call, GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { traceOf } from "../e2e/support/tempo.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { longRunning } from "./services.ts";
import { isReady, killFromHost, stateOf, untilReady } from "./stack.ts";

/** From the kill until it is healthy again: the engine waits 0.1 s, and checks the health every 10 s. */
const BACK_MS = 30_000;
const SENDERS = ["traffic", "gateway", "gateway-rest", "service-a", "service-b"];
/** The containers of a round are killed together, because each takes 10 s. */
const ROUNDS = [SENDERS, longRunning.filter((name) => !SENDERS.includes(name))];

describe("kill -9 of each container", () => {
  for (const names of ROUNDS)
    it(`${names.join(", ")} are back`, async () => {
      await untilReady(names);
      const pids = await Promise.all(names.map(async (name) => (await stateOf(name)).Pid));
      await killFromHost(...pids);
      const since = performance.now();
      await Promise.all(
        names.map((name, index) =>
          within(
            `${name} is back`,
            BACK_MS,
            async () => (await stateOf(name)).Pid !== pids[index] && (await isReady(name)),
            { since, intervalMs: 500 },
          ),
        ),
      );
    });

  it("afterwards every path through the system and its trace work", async () => {
    await untilReady(longRunning);
    const at = await urls();
    for (const request of GATEWAY_REQUESTS) {
      const response = await eventually(`${request.gateway} ${request.route}`, async () => {
        const one = await call(at.base(request), request.path);
        return one.status === 200 && one;
      });
      assert.equal(response.status, 200);
      await within(`trace over ${request.protocol}`, 5_000, () =>
        traceOf(at.tempo, response.traceId, [request.gateway, request.service]),
      );
    }
  });
});
