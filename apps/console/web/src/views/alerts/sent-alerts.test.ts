import assert from "node:assert/strict";
import { test } from "vitest";
import type { AlertmanagerAlert, InboxAlert } from "../../api/alerts.ts";
import { sentAlertsOf } from "./sent-alerts.ts";

const inboxAlert = (more: Partial<InboxAlert> = {}): InboxAlert => ({
  source: "alertmanager",
  fingerprint: "a1",
  status: "firing",
  labels: { alertname: "TargetDown" },
  annotations: {},
  receivedAt: 2000,
  startsAt: 1000,
  endsAt: undefined,
  generatorURL: "",
  ...more,
});
const alertmanagerAlert = (more: Partial<AlertmanagerAlert> = {}): AlertmanagerAlert => ({
  fingerprint: "a1",
  labels: { alertname: "TargetDown" },
  startsAt: 1000,
  suppressed: false,
  silenced: false,
  ...more,
});
const states = (inbox: InboxAlert[], now: AlertmanagerAlert[] | undefined) =>
  sentAlertsOf(inbox, now).map(({ state }) => state);

test("two messages about one alert are one alert, in any order", () => {
  const resolved = inboxAlert({ status: "resolved", receivedAt: 9000, endsAt: 8000 });
  for (const inbox of [
    [resolved, inboxAlert()],
    [inboxAlert(), resolved],
  ]) {
    const [alert, ...others] = sentAlertsOf(inbox, []);
    assert.deepEqual(others, []);
    const { state, firedAt, resolvedAt, endsAt } = alert ?? {};
    assert.deepEqual([state, firedAt, resolvedAt, endsAt], ["resolved", 2000, 9000, 8000]);
  }
});

test("an alert at another time or from another sender is a new alert; the newest is first", () => {
  const inbox = [
    inboxAlert(),
    inboxAlert({ startsAt: 5000, receivedAt: 6000 }),
    inboxAlert({ source: "grafana", receivedAt: 3000 }),
  ];
  assert.deepEqual(
    sentAlertsOf(inbox, undefined).map(({ firedAt }) => firedAt),
    [6000, 3000, 2000],
  );
});

test("reads the state from Alertmanager: waiting, suppressed, gone", () => {
  assert.deepEqual(states([inboxAlert()], [alertmanagerAlert()]), ["firing"]);
  assert.deepEqual(states([], [alertmanagerAlert()]), ["waiting"]);
  assert.deepEqual(states([], [alertmanagerAlert({ suppressed: true })]), ["suppressed"]);
  assert.deepEqual(states([inboxAlert()], []), ["gone"]);
  assert.deepEqual(
    states([inboxAlert()], undefined),
    ["firing"],
    "without Alertmanager, the last message counts",
  );
  assert.deepEqual(states([inboxAlert({ source: "grafana" })], []), ["firing"]);
});

test("the heartbeat is not an alert", () => {
  assert.deepEqual(states([], [alertmanagerAlert({ labels: { alertname: "Watchdog" } })]), []);
});
