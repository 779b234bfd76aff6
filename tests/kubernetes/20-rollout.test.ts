import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GATEWAY_NAMES } from "@lgtm-lab/contracts";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { restart, scale, serviceAddress } from "./stack.ts";

const PER_SECOND = 10;

/** Sends requests of each route to the Service of each gateway while `change` runs. All must succeed. */
async function underLoad(change: () => Promise<void>): Promise<void> {
  const bases = new Map(
    await Promise.all(GATEWAY_NAMES.map(async (name) => [name, await serviceAddress(name)] as const)),
  );
  const traffic = new Traffic({
    rate: PER_SECOND,
    requests: GATEWAY_REQUESTS,
    base: ({ gateway }) => bases.get(gateway) ?? assert.fail(),
  });
  const began = performance.now();
  await change().finally(() => traffic.stop());
  const failed = traffic.sent.filter(({ status }) => status !== 200);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`    ${traffic.sent.length} requests in ${seconds} s, ${failed.length} failed`);
  assert.ok(traffic.sent.length > 20);
  assert.deepEqual(
    failed.map(
      ({ request, status, body, at }) =>
        `${new Date(at).toISOString()} ${request.gateway} ${request.path}: ${status} ${body}`,
    ),
    [],
  );
}

describe("under load, without a failed request", () => {
  for (const name of ["service-a", "service-b", "gateway", "gateway-rest"])
    it(`a rolling update of ${name}`, () => underLoad(() => restart(name)));

  for (const name of ["service-a", "gateway"])
    it(`${name}: from one pod to three, and back to one`, () =>
      underLoad(async () => {
        await scale(name, 3);
        await scale(name, 1);
      }));
});
