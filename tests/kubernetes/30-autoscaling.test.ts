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

const PER_SECOND = 150;
/** Metrics every 15 s, a decision every 15 s, and the start of a pod. */
const UP_MS = 120_000;
/** The overlay waits for 60 s. */
const DOWN_MS = 180_000;
const NAMES = ["gateway", "service-a"] as const;

describe("the HorizontalPodAutoscalers", () => {
  let traffic: Traffic | undefined;
  // Other tests have deleted them.
  before(() => output(join(REPOSITORY, "deploy/setup.sh"), SETUP));
  after(() => traffic?.stop());

  const readyPods = () => Promise.all(NAMES.map(async (name) => (await podsOf(name)).filter(isReady).length));

  it("add pods of the gateway and of service A under load", async () => {
    const base = await serviceAddress("gateway");
    const requests = GATEWAY_REQUESTS.filter(
      ({ gateway, service }) => gateway === "gateway" && service === "service-a",
    );
    traffic = new Traffic({ rate: PER_SECOND, requests, base: () => base });
    await within("two pods of each", UP_MS, async () => (await readyPods()).every((count) => count > 1));
  });

  it("remove them after it", async () => {
    const sent = await traffic?.stop();
    assert.deepEqual([...new Set(sent?.map(({ status }) => status))], [200]);
    await within("one pod of each", DOWN_MS, async () => (await readyPods()).every((count) => count === 1));
  });
});
