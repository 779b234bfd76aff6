import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { INBOX_FOLDER, readStoredInbox, type StoredAlert } from "@lgtm-lab/contracts";
import { inbox, labAlerts, stored } from "../e2e/support/alerts.ts";
import { lab } from "../e2e/support/lab.ts";
import { value } from "../e2e/support/prometheus.ts";
import { eventually, within } from "../e2e/support/within.ts";

/** In the demo profile a page fires within 30 s of the breach and is resolved within 120 s of the fix. */
const FIRING_MS = 30_000;
const RESOLVED_MS = 120_000;

interface Outage {
  readonly firing: StoredAlert;
  /** The output of `lab alerts` while the alert fired and after it was resolved. */
  readonly listed: { readonly firing: string; readonly resolved: string };
  readonly links: readonly { readonly link: string; readonly status: number }[];
  /** The page that the alert's expression links to, and the console's page without scripts, while it fired. */
  readonly page: string;
  readonly plain: string;
}

/** Stops node_exporter until its alert is stored, and waits until that is resolved. */
async function exporterOutage(): Promise<Outage> {
  const stack = await lab();
  const labels = { alertname: "TargetDown", service_name: "node_exporter" };
  // TargetDown may not fire for a target that has never been up.
  const up = 'up{service_name="node_exporter"} == 1';
  await eventually("node_exporter is up", () => value(stack.address("prometheus"), up));
  const since = Date.now();
  await stack.stopComponent("node_exporter");
  try {
    const firing = await within("down → stored firing", FIRING_MS, () => stored("firing", labels, since));
    const listed = await labAlerts();
    const { runbook_url = "none", dashboard_url = "none" } = firing.annotations;
    const links = await Promise.all(
      [runbook_url, dashboard_url, firing.generatorURL].map(async (link) => ({
        link,
        status: (await fetch(link)).status,
      })),
    );
    const page = await (await fetch(firing.generatorURL)).text();
    const plain = await (await fetch(`${stack.address("console")}/plain`)).text();
    await stack.startComponent("node_exporter");
    await within("back → stored resolved", RESOLVED_MS, () => stored("resolved", labels, since));
    return { firing, listed: { firing: listed, resolved: await labAlerts("-n", "20") }, links, page, plain };
  } finally {
    await stack.startComponent("node_exporter");
  }
}

let outage: Promise<Outage>;
// Started first, because it takes more than a minute, most of it waiting.
before(() => {
  outage = exporterOutage();
  outage.catch(() => {}); // the test reports the error
});

describe("the alert inbox", () => {
  it("an alert sent to Alertmanager reaches it, firing and resolved, each once", async () => {
    const labels = { alertname: "SentByTest", service_name: "nobody", severity: "page", profile: "demo" };
    const startsAt = new Date().toISOString();
    const annotations = { summary: "sent by the test <b>&</b> \u001b[31m" };
    const since = Date.now();
    await postAlerts({ labels, annotations, startsAt });
    const firing = await within("sent → stored firing", FIRING_MS, () => stored("firing", labels, since));
    assert.deepEqual(firing.labels, labels);
    assert.deepEqual(firing.annotations, annotations);
    assert.equal(firing.receiver, "console");

    await postAlerts({ labels, annotations, startsAt, endsAt: new Date().toISOString() });
    const resolved = await within("sent → stored resolved", RESOLVED_MS, () =>
      stored("resolved", labels, since),
    );
    assert.equal(resolved.fingerprint, firing.fingerprint);
    const { alerts } = readStoredInbox(join((await lab()).stateFolder, INBOX_FOLDER));
    assert.deepEqual(
      alerts.filter((alert) => alert.labels.alertname === labels.alertname).map(({ status }) => status),
      ["firing", "resolved"],
    );
  });

  it("a component that is down is listed in it and in `lab alerts` until it is back; all links of the alert work", async () => {
    const { firing, listed, links, page, plain } = await outage;
    assert.match(
      listed.firing,
      /firing +TargetDown +node_exporter +page +\d+ s so far +node_exporter is down/,
    );
    for (const { link, status } of links) {
      assert.ok(link.startsWith(`${(await lab()).address("console")}/`), link);
      assert.equal(status, 200, link);
    }
    assert.equal(links.length, 3);
    assert.match(page, /<pre>[^<]*up == 0[^<]*<\/pre>/, "the page shows the expression that fires");
    assert.ok(plain.includes("node_exporter is down"));
    assert.equal(firing.labels.severity, "page");
    assert.match(
      listed.resolved,
      /resolved +TargetDown +node_exporter +page +\d+ (s|min) +node_exporter is down/,
    );
    const json = JSON.parse(await labAlerts("--json", "-n", "1"));
    assert.equal(json.alerts.length, 1);
  });

  it("the heartbeat arrives, and is not an incident", async () => {
    // Once a minute; the first 15 s after Alertmanager's start.
    const lastSeenAt = await eventually(
      "a heartbeat",
      async () => (await inbox()).heartbeat.lastSeenAt ?? false,
      90_000,
    );
    assert.ok(Date.now() - Date.parse(lastSeenAt) < 3 * 60_000, lastSeenAt);
    assert.ok((await inbox()).alerts.every(({ labels }) => labels.alertname !== "Watchdog"));
  });

  it("an alert that fires while the console is down is stored when it is back", async () => {
    const stack = await lab();
    const labels = { alertname: "SentWhileDown", service_name: "nobody", severity: "page", profile: "demo" };
    const since = Date.now();
    const startsAt = new Date().toISOString();
    await stack.stopComponent("console");
    try {
      await postAlerts({ labels, startsAt });
      await eventually("a delivery by Alertmanager has failed", async () => (await failures()) > 0);
    } finally {
      await stack.startComponent("console");
    }
    await within("back → stored firing", FIRING_MS, () => stored("firing", labels, since));
    await postAlerts({ labels, startsAt, endsAt: new Date().toISOString() });
    await within("sent → stored resolved", RESOLVED_MS, () => stored("resolved", labels, since));
  });

  it("a storm of alerts in one group arrives, with the number of omitted alerts", async () => {
    const group = { alertname: "Storm", service_name: "nobody", severity: "page", profile: "demo" };
    const startsAt = new Date().toISOString();
    const annotations = { summary: "one of many", description: "long ".repeat(200) };
    const storm = Array.from({ length: 3000 }, (_, index) => ({
      labels: { ...group, instance: `host-${String(index).padStart(4, "0")}` },
      annotations: index === 1 ? { ...annotations, description: "huge".repeat(1_000_000) } : annotations,
      startsAt,
    }));
    const failed = await failures("notifications_failed");
    const since = Date.now();
    await postAlerts(...storm);
    const incomplete = await within("sent → stored firing", FIRING_MS, async () =>
      (await inbox()).incompleteGroups.find(({ groupLabels }) => groupLabels.alertname === "Storm"),
    );
    const kept = (await inbox()).alerts.filter(({ labels }) => labels.alertname === "Storm");
    assert.equal(incomplete.missing + kept.length, storm.length, "each alert is either stored or counted");
    assert.equal(kept.length, 250);
    assert.match(
      kept.find(({ labels }) => labels.instance === "host-0001")?.annotations.description ?? "",
      /… \[truncated\]$/,
    );
    assert.match(await labAlerts(), /2,750 more alerts of the group .*alertname="Storm"/);

    const endsAt = new Date().toISOString();
    await postAlerts(...storm.map((alert) => ({ ...alert, endsAt })));
    await within("sent → stored resolved", RESOLVED_MS, () => stored("resolved", group, since));
    assert.equal(await failures("notifications_failed"), failed, "no message was rejected");
  });

  it("is scraped like everything else", async () => {
    assert.equal(
      await value((await lab()).address("prometheus"), 'up{job="console",service_name="console"}'),
      1,
    );
  });
});

/** Posts alerts to Alertmanager's API, v2, as Prometheus does. */
async function postAlerts(...alerts: Record<string, unknown>[]): Promise<void> {
  const response = await fetch(`${(await lab()).address("alertmanager")}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(alerts),
  });
  assert.equal(response.status, 200, await response.text());
}

/**
 * Returns how often Alertmanager could not deliver to a webhook: attempts, or notifications after all their attempts.
 */
async function failures(
  of: "notification_requests_failed" | "notifications_failed" = "notification_requests_failed",
): Promise<number> {
  const text = await (await fetch(`${(await lab()).address("alertmanager")}/metrics`)).text();
  const lines = text.matchAll(
    new RegExp(`^alertmanager_${of}_total\\{integration="webhook".*\\} (\\d+)$`, "gm"),
  );
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}
