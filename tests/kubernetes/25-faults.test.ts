import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { GATEWAY_NAMES } from "@lgtm-lab/contracts";
import { execa } from "execa";
import { urls } from "../e2e/support/lab.ts";
import { query } from "../e2e/support/prometheus.ts";
import { call } from "../e2e/support/requests.ts";
import { LAB_CLI } from "../e2e/support/run-lab.ts";
import { within } from "../e2e/support/within.ts";
import { context, deleteAutoscalers, isReady, onlyPod, podsOf, restartsOf, scale } from "./stack.ts";

const SCRAPED_MS = 15_000;
/** Until a page fires, and from the end of the fault until the service is back. */
const FIRING_MS = 60_000;
const BACK_MS = 60_000;

const lab = (...args: readonly string[]) =>
  execa(process.execPath, [LAB_CLI, ...args, "--context", context()], { stdin: "ignore" });

describe("lab break --context", () => {
  // The autoscalers would undo what these tests set.
  before(deleteAutoscalers);
  after(async () => {
    await lab("fix");
    await scale("service-b", 1);
  });

  it("sets a fault in every pod of its service; lab fix ends it", async () => {
    await scale("service-b", 2);
    const pods = (await podsOf("service-b")).filter(isReady).map(({ metadata }) => metadata.name);
    assert.equal(pods.length, 2);
    const { prometheus } = await urls();
    const untilActive = (expected: readonly string[]) =>
      within(`slow-b is active in ${expected.length} pods`, SCRAPED_MS, async () => {
        const active = await query(prometheus, 'lab_fault_active{fault="slow-b"} == 1');
        assert.deepEqual(active.map(({ metric }) => metric.pod).sort(), [...expected].sort());
        return true;
      });
    await lab("break", "slow-b");
    await untilActive(pods);
    assert.match((await lab("fix")).stdout, /Ended: slow-b\./);
    await untilActive([]);
  });

  it("crash-b deletes the pods of service-b: calls fail, TargetDown fires, and after lab fix a new pod is ready", async () => {
    await scale("service-b", 1);
    const before = await onlyPod("service-b");
    const at = await urls();
    const targetDown = () =>
      query(at.prometheus, 'ALERTS{alertname="TargetDown",service_name="service-b",alertstate="firing"}');
    assert.deepEqual(await targetDown(), [], "scaling down must not raise an alert");
    const numbers = () => call(at.base({ gateway: "gateway" }), "/b/numbers?count=1");
    const since = performance.now();
    const running = lab("break", "crash-b", "--for", "5m");
    running.catch(() => {}); // awaited below
    try {
      await within("calls fail", FIRING_MS, async () => (await numbers()).status === 503);
      await within("TargetDown fires", FIRING_MS, async () => (await targetDown()).length > 0, { since });
      await within("both gateways report the fault", SCRAPED_MS, async () => {
        const active = await query(at.prometheus, 'lab_fault_active{fault="crash-b"} == 1');
        assert.deepEqual(active.map(({ metric }) => metric.service_name).sort(), GATEWAY_NAMES);
        return true;
      });
    } finally {
      await lab("fix", "crash-b");
    }
    const { stdout } = await running;
    console.log(`    ${stdout.split("\n").at(-1)}`);
    assert.match(stdout, /crash-b has ended\. Deleted pods of service-b: [1-9]/);
    await within("a new pod responds", BACK_MS, async () => (await numbers()).status === 200);
    const now = await onlyPod("service-b");
    assert.notEqual(now.metadata.uid, before.metadata.uid);
    assert.equal(restartsOf(now), 0);
  });
});
