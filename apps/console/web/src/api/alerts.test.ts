import assert from "node:assert/strict";
import { test } from "vitest";
import { readAlertmanagerAlerts, readInbox, readRules } from "./alerts.ts";

test("reads only alerting rules from Prometheus, with times as numbers", () => {
  const [group, ...others] = readRules({
    status: "success",
    data: {
      groups: [
        {
          name: "g",
          file: "/x/rules/health.yml",
          interval: 2,
          rules: [
            { type: "recording", name: "r" },
            {
              type: "alerting",
              name: "TargetDown",
              query: "up == 0",
              duration: 2,
              state: "firing",
              health: "ok",
              lastEvaluation: "2026-11-21T05:00:00.5Z",
              labels: { severity: "page" },
              annotations: {},
              alerts: [
                {
                  labels: { a: "b" },
                  state: "firing",
                  activeAt: "2026-11-21T05:00:00.123456789Z",
                  value: "0e+00",
                },
              ],
            },
          ],
        },
        { name: "records only", rules: [{ type: "recording" }] },
      ],
    },
  });
  assert.deepEqual(others, []);
  assert.equal(group?.rules.length, 1);
  assert.equal(group?.rules[0]?.lastEvaluation, Date.parse("2026-11-21T05:00:00.500Z"));
  assert.equal(group?.rules[0]?.alerts[0]?.activeAt, Date.parse("2026-11-21T05:00:00.123Z"));
});

test("reads the inbox and Alertmanager's alerts", () => {
  const inbox = readInbox({
    alerts: [{ status: "firing", receivedAt: "2026-11-21T05:00:00Z", labels: { a: 1, b: "c" } }],
    heartbeat: { lastSeenAt: null },
  });
  assert.deepEqual(inbox.alerts[0]?.labels, { a: "", b: "c" });
  assert.equal(inbox.alerts[0]?.endsAt, undefined);
  assert.equal(inbox.heartbeatAt, undefined);
  assert.deepEqual(inbox.incompleteGroups, []);
  const [alert] = readAlertmanagerAlerts([
    { fingerprint: "f", status: { state: "suppressed", silencedBy: [], inhibitedBy: ["x"] } },
  ]);
  assert.deepEqual([alert?.suppressed, alert?.silenced], [true, false]);
});

test("reads a response of unexpected shape as empty", () => {
  for (const response of [
    undefined,
    null,
    "x",
    7,
    [],
    {},
    { data: null },
    { data: { groups: "x", result: {} } },
  ]) {
    assert.deepEqual(readRules(response), []);
    assert.deepEqual(readInbox(response), {
      alerts: [],
      firing: [],
      incompleteGroups: [],
      heartbeatAt: undefined,
    });
    assert.deepEqual(readAlertmanagerAlerts(response), []);
  }
});

test("reads groups with missing alerts", () => {
  const groupLabels = { alertname: "Storm" };
  const receivedAt = "2026-11-21T05:00:03.000Z";
  const incompleteGroups = [{ receivedAt, groupLabels, kept: 250, missing: 2750 }];
  assert.deepEqual(readInbox({ incompleteGroups }).incompleteGroups, [
    { receivedAt: Date.parse(receivedAt), groupLabels, missing: 2750 },
  ]);
});
