import assert from "node:assert/strict";
import { test } from "vitest";
import type { HeldAlert, InboxLine } from "../../api/alerts.ts";
import { sentAlertsOf } from "./sent-alerts.ts";

const line = (more: Partial<InboxLine> = {}): InboxLine => ({
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
const held = (more: Partial<HeldAlert> = {}): HeldAlert => ({
  fingerprint: "a1",
  labels: { alertname: "TargetDown" },
  startsAt: 1000,
  suppressed: false,
  silenced: false,
  ...more,
});
const states = (lines: InboxLine[], now: HeldAlert[] | undefined) =>
  sentAlertsOf(lines, now).map(({ state }) => state);

test("two messages about one alert are one alert, in any order", () => {
  const resolved = line({ status: "resolved", receivedAt: 9000, endsAt: 8000 });
  for (const lines of [
    [resolved, line()],
    [line(), resolved],
  ]) {
    const [alert, ...others] = sentAlertsOf(lines, []);
    assert.deepEqual(others, []);
    const { state, firedAt, resolvedAt, endsAt } = alert ?? {};
    assert.deepEqual([state, firedAt, resolvedAt, endsAt], ["resolved", 2000, 9000, 8000]);
  }
});

test("an alert at another time or from another sender is a new alert; the newest is first", () => {
  const lines = [
    line(),
    line({ startsAt: 5000, receivedAt: 6000 }),
    line({ source: "grafana", receivedAt: 3000 }),
  ];
  assert.deepEqual(
    sentAlertsOf(lines, undefined).map(({ firedAt }) => firedAt),
    [6000, 3000, 2000],
  );
});

test("reads the state from Alertmanager: waiting, held back, gone", () => {
  assert.deepEqual(states([line()], [held()]), ["firing"]);
  assert.deepEqual(states([], [held()]), ["waiting"]);
  assert.deepEqual(states([], [held({ suppressed: true })]), ["held back"]);
  assert.deepEqual(states([line()], []), ["gone"]);
  assert.deepEqual(states([line()], undefined), ["firing"], "without Alertmanager, the last message counts");
  assert.deepEqual(states([line({ source: "grafana" })], []), ["firing"]);
});

test("the heartbeat is not an alert", () => {
  assert.deepEqual(states([], [held({ labels: { alertname: "Watchdog" } })]), []);
});
