import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { startUsers } from "../e2e/support/users.ts";
import { within } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import { isReady, podsOf, serviceAddress, setupArguments, skipUnlessOwnCluster } from "./stack.ts";

/** Users of k6 who need more than one pod. One gateway alone could not handle the second group. */
const USERS = { gateway: 4, "service-a": 12 } as const;
/** Metrics every 15 s, a decision every 15 s, and the start of a pod. */
const UP_MS = 120_000;
/** The overlay waits for 60 s. */
const DOWN_MS = 180_000;
const NAMES = Object.keys(USERS) as (keyof typeof USERS)[];

describe("the HorizontalPodAutoscalers", { skip: skipUnlessOwnCluster }, () => {
  const loads: Awaited<ReturnType<typeof startUsers>>[] = [];
  const stop = () => {
    for (const load of loads) load.stop();
    return Promise.all(loads.map(({ counted }) => counted));
  };
  const readyPods = async (name: string) => (await podsOf(name)).filter(isReady).length;
  const untilOnePod = (name: string) =>
    within(`one pod of ${name}`, DOWN_MS, async () => (await readyPods(name)) === 1);

  before(async () => {
    // Other tests have deleted the autoscalers, or caused them to add pods.
    await output(join(REPOSITORY, "deploy/setup.sh"), setupArguments());
    for (const name of NAMES) await untilOnePod(name);
  });
  after(stop);

  it("add pods of the gateway and of service A under the load of k6", async () => {
    const gateway = await serviceAddress("gateway");
    for (const name of NAMES) {
      const seconds = (2 * UP_MS) / 1000;
      // The load for the gateway may have been enough for service A too.
      if ((await readyPods(name)) === 1)
        loads.push(await startUsers(gateway, { users: USERS[name], seconds, testId: "autoscaling" }));
      await within(`two pods of ${name}`, UP_MS, async () => (await readyPods(name)) > 1);
    }
  });

  it("remove them after it", async () => {
    let total = 0;
    for (const { succeeded, shed, failed, log } of await stop()) {
      console.log(`    ${succeeded} × 200, ${shed} shed, ${failed} failed`);
      total += succeeded;
      assert.deepEqual([shed, failed], [0, 0], log.join("\n"));
    }
    assert.ok(total > 0);
    for (const name of NAMES) await untilOnePod(name);
  });
});
