import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { stored } from "../e2e/support/alerts.ts";
import { lab, urls } from "../e2e/support/lab.ts";
import { query, value } from "../e2e/support/prometheus.ts";
import { GATEWAY_REQUESTS } from "../e2e/support/requests.ts";
import { Traffic } from "../e2e/support/traffic.ts";
import { within } from "../e2e/support/within.ts";

/** In the demo profile a page fires within 30 s of the breach and is resolved within 120 s of the fix. */
const FIRING_MS = 30_000;
const RESOLVED_MS = 120_000;
const ALERT = { alertname: "SloAvailabilityBurn", service_name: "gateway" };

describe("one fault, from its cause to the resolved message", () => {
  let traffic: Traffic;

  before(async () => {
    traffic = new Traffic({ rate: 10, requests: GATEWAY_REQUESTS, base: (await urls()).base });
  });
  after(async () => {
    await (await lab()).endFaults();
    await traffic.stop();
  });

  it("errors-a sets its metric, fires the alert, reaches the inbox, and is resolved after the fix", async () => {
    const stack = await lab();
    const { prometheus } = await urls();
    const firing =
      'ALERTS{alertname="SloAvailabilityBurn",service_name="gateway",severity="page",alertstate="firing"}';
    // A firing page of a previous test, such as TargetDown, could inhibit the alert under test.
    const pages = 'ALERTS{severity="page",alertstate="firing"}';
    await within("no page fires yet", RESOLVED_MS, async () => (await query(prometheus, pages)).length === 0);
    const receivedAfter = Date.now();
    const sinceFault = { since: performance.now() };
    await stack.setFault("errors-a");
    await within(
      "the fault is on",
      5_000,
      async () => (await value(prometheus, 'max(lab_fault_active{fault="errors-a"})')) === 1,
    );
    await within(
      "the alert fires",
      FIRING_MS,
      async () => (await query(prometheus, firing)).length > 0,
      sinceFault,
    );
    const message = await within(
      "the console has it",
      FIRING_MS,
      () => stored("firing", ALERT, receivedAfter),
      sinceFault,
    );
    assert.equal(message.receiver, "console");
    // The links must use the CONSOLE_PORT of this stack, which is not the default.
    for (const name of ["runbook_url", "dashboard_url"]) {
      const link = message.annotations[name] ?? "";
      assert.equal(new URL(link).origin, stack.address("console"), name);
      assert.equal((await fetch(link)).status, 200, link);
    }
    const sinceFix = { since: performance.now() };
    await stack.endFaults("errors-a");
    await within(
      "no page fires",
      RESOLVED_MS,
      async () => (await query(prometheus, firing)).length === 0,
      sinceFix,
    );
    await within(
      "the console has it as resolved",
      RESOLVED_MS,
      () => stored("resolved", ALERT, receivedAfter),
      sinceFix,
    );
  });

  it("all scrape targets of Prometheus are up", async () => {
    const { prometheus } = await urls();
    const up = await query(prometheus, "up");
    assert.ok(up.length >= 10, `${up.length} targets`);
    assert.deepEqual(
      up.filter((sample) => sample.value !== 1).map(({ metric }) => metric.service_name),
      [],
    );
  });
});
