import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { REPOSITORY } from "@lgtm-lab/stack";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { within } from "../e2e/support/within.ts";
import { output } from "../runner/commands.ts";
import { SETUP } from "./cluster.ts";
import { isReady, podsOf, serviceAddress } from "./stack.ts";

/** Requests a second that need more than one pod. One gateway alone could not handle the second load. */
const LOADS = { gateway: 60, "service-a": 120 } as const;
/** Metrics every 15 s, a decision every 15 s, and the start of a pod. */
const UP_MS = 120_000;
/** The overlay waits for 60 s. */
const DOWN_MS = 180_000;
const NAMES = Object.keys(LOADS) as (keyof typeof LOADS)[];

describe("the HorizontalPodAutoscalers", () => {
  const traffic: Traffic[] = [];
  // Other tests have deleted them.
  before(() => output(join(REPOSITORY, "deploy/setup.sh"), SETUP));
  after(() => Promise.all(traffic.map((each) => each.stop())));

  const readyPods = async (name: string) => (await podsOf(name)).filter(isReady).length;

  it("add pods of the gateway and of service A under load", async () => {
    const base = await serviceAddress("gateway");
    const requests = GATEWAY_REQUESTS.filter(
      ({ gateway, service }) => gateway === "gateway" && service === "service-a",
    );
    for (const name of NAMES) {
      traffic.push(new Traffic({ rate: LOADS[name], requests, base: () => base }));
      await within(`two pods of ${name}`, UP_MS, async () => (await readyPods(name)) > 1);
    }
  });

  it("remove them after it", async () => {
    const sent = (await Promise.all(traffic.map((each) => each.stop()))).flat();
    assert.deepEqual([...new Set(sent.map(({ status }) => status))], [200]);
    for (const name of NAMES)
      await within(`one pod of ${name}`, DOWN_MS, async () => (await readyPods(name)) === 1);
  });
});
