import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import pWaitFor from "p-wait-for";
import {
  type Labels,
  type Notification,
  startAlertmanager,
  type TestAlertmanager,
} from "../test/alertmanager.ts";

const demo = { profile: "demo", origin: "prometheus" };

const burn = (
  slo: string,
  dependsOn: string,
  severity: string,
  window: string,
  extraLabels: Labels = demo,
) => ({
  alertname: "SloAvailabilityBurn",
  severity,
  slo,
  service_name: "gateway",
  depends_on_service: dependsOn,
  window,
  ...extraLabels,
});

const down = (service: string) => ({
  alertname: "TargetDown",
  severity: "page",
  service_name: service,
  depends_on_service: service,
  ...demo,
});

const named = ({ alerts }: Notification) =>
  alerts.map(({ labels }) =>
    [labels.alertname, labels.slo, labels.severity, labels.window].filter(Boolean).join(" "),
  );

describe("alertmanager.yml", () => {
  let manager: TestAlertmanager;
  /** Returns the first notification that contains an alert with these labels. */
  const notified = async (labels: Labels, status = "firing", timeout = 12_000) => {
    const find = () =>
      manager.inbox.find((message) =>
        message.alerts.some(
          (alert) =>
            alert.status === status &&
            Object.entries(labels).every(([name, value]) => alert.labels[name] === value),
        ),
      );
    await pWaitFor(() => find() !== undefined, { interval: 20, timeout });
    return find() as Notification;
  };

  before(async () => {
    manager = await startAlertmanager();
  });
  after(() => manager[Symbol.asyncDispose]());

  it("sends both windows of a page as one message after a second; it inhibits their ticket, but no other", async () => {
    const start = performance.now();
    await manager.send([
      burn("hello", "service-a", "page", "2m"),
      burn("hello", "service-a", "page", "12m"),
      burn("hello", "service-a", "ticket", "48m"),
      burn("numbers", "service-b", "ticket", "48m"),
    ]);
    const page = await notified({ slo: "hello" });
    assert.ok(performance.now() - start < 5000, "quick");
    assert.equal(page.receiver, "console");
    assert.deepEqual(named(page).sort(), [
      "SloAvailabilityBurn hello page 12m",
      "SloAvailabilityBurn hello page 2m",
    ]);
    const ticket = await notified({ severity: "ticket" });
    assert.deepEqual(named(ticket), ["SloAvailabilityBurn numbers ticket 48m"]);
  });

  it("limits the size of a message and reports the number of omitted alerts", async () => {
    const one = { alertname: "Storm", severity: "page", service_name: "storm", ...demo };
    await manager.send(Array.from({ length: 300 }, (_, index) => ({ ...one, instance: `${index}` })));
    const { alerts, truncatedAlerts } = await notified(one);
    assert.deepEqual([alerts.length, truncatedAlerts], [250, 50]);
  });

  it("inhibits alerts that depend on a service that is down, and no others", async () => {
    await manager.send([
      down("service-b"),
      { ...burn("numbers", "service-b", "page", "2m"), alertname: "SloPaceBurn" },
      {
        alertname: "ServiceRestarting",
        severity: "ticket",
        service_name: "service-b",
        depends_on_service: "service-b",
        ...demo,
      },
      {
        alertname: "CollectorStalled",
        severity: "ticket",
        service_name: "otelcol",
        depends_on_service: "tempo",
        ...demo,
      },
      { alertname: "LokiRefusing", severity: "ticket", service_name: "loki", ...demo },
    ]);
    await notified({ alertname: "TargetDown" });
    await notified({ alertname: "CollectorStalled" });
    await notified({ alertname: "LokiRefusing" });
    const { TargetDown, SloPaceBurn, ServiceRestarting, CollectorStalled, LokiRefusing } =
      await manager.states();
    assert.deepEqual(
      { TargetDown, SloPaceBurn, ServiceRestarting, CollectorStalled, LokiRefusing },
      {
        TargetDown: "active",
        SloPaceBurn: "suppressed",
        ServiceRestarting: "suppressed",
        CollectorStalled: "active",
        LokiRefusing: "active",
      },
    );
    assert.ok(!manager.inbox.flatMap(named).some((name) => name.startsWith("SloPaceBurn")));
  });

  it("sends resolved alerts, and then those that were inhibited and still fire", async () => {
    const start = performance.now();
    await manager.send([down("service-b")], "resolved");
    await notified({ alertname: "TargetDown" }, "resolved");
    await notified({ alertname: "SloPaceBurn" });
    assert.ok(performance.now() - start < 11_000, "quick");
  });

  it("sends Watchdog to a separate receiver, as a heartbeat", async () => {
    await manager.send([{ alertname: "Watchdog", severity: "none", service_name: "prometheus", ...demo }]);
    const heartbeat = await notified({ alertname: "Watchdog" });
    assert.equal(heartbeat.receiver, "heartbeat");
    assert.deepEqual(named(heartbeat), ["Watchdog none"]);
  });

  it("waits longer before it sends alerts of the production profile", async () => {
    await manager.send([
      burn("other", "service-c", "page", "1h", { profile: "production", origin: "prometheus" }),
    ]);
    await assert.rejects(notified({ slo: "other" }, "firing", 3000), /timed out/i);
    assert.equal((await manager.states()).SloAvailabilityBurn, "active");
  });
});
