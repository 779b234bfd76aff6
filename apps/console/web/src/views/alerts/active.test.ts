import assert from "node:assert/strict";
import { test } from "vitest";
import type { ActiveAlert, AlertmanagerAlert, Rule } from "../../api/alerts.ts";
import { activeAlerts } from "./active.ts";
import { matches } from "./filter.tsx";

const alert = (more: Partial<ActiveAlert> = {}): ActiveAlert => ({
  labels: {
    alertname: "SloPaceBurn",
    severity: "page",
    service_name: "gateway",
    slo: "gateway-numbers-pace",
    window: "2m",
  },
  annotations: {},
  state: "firing",
  activeAt: 2000,
  value: "20",
  ...more,
});
const rule = (name: string, ...alerts: ActiveAlert[]): Rule => ({
  name,
  query: `${name} > 1`,
  holdFor: 6,
  state: "firing",
  health: "ok",
  lastError: "",
  lastEvaluation: 0,
  labels: {},
  annotations: {},
  alerts,
});
const active = (rules: Rule[], alertmanagerAlerts: AlertmanagerAlert[] = []) =>
  activeAlerts([{ name: "g", file: "", interval: 2, rules }], alertmanagerAlerts);

test("groups the windows of one objective, with the start of the earliest firing one", () => {
  const long = alert({ labels: { ...alert().labels, window: "12m" }, activeAt: 1000, state: "pending" });
  const [one, ...others] = active([rule("SloPaceBurn", alert()), rule("SloPaceBurn", long)]);
  assert.deepEqual(others, []);
  assert.deepEqual([one?.state, one?.since, one?.parts], ["firing", 2000, ["2m", "12m"]]);
});

test("sorts firing pages first and pending alerts last, without Watchdog", () => {
  const labels = (severity: string, service_name: string) => ({ severity, service_name });
  const all = active([
    rule("Watchdog", alert({ labels: { severity: "none" } })),
    rule("P", alert({ state: "pending", labels: labels("page", "a") })),
    rule("T", alert({ labels: labels("ticket", "a") })),
    rule("F", alert({ labels: labels("page", "b") })),
  ]);
  assert.deepEqual(
    all.map(({ name }) => name),
    ["F", "T", "P"],
  );
});

test("a group is suppressed only if all its alerts are", () => {
  const suppressed = {
    fingerprint: "",
    startsAt: 0,
    suppressed: true,
    silenced: false,
    labels: alert().labels,
  };
  assert.equal(active([rule("SloPaceBurn", alert())], [suppressed])[0]?.suppression, "inhibited");
  assert.equal(
    active([rule("SloPaceBurn", alert())], [{ ...suppressed, silenced: true }])[0]?.suppression,
    "silenced",
  );
  const another = alert({ labels: { ...alert().labels, window: "12m" } });
  assert.equal(active([rule("SloPaceBurn", alert(), another)], [suppressed])[0]?.suppression, undefined);
});

test("a filter requires every word and ignores case", () => {
  const { labels } = alert();
  const look = (text: string, severity: "all" | "ticket" = "all") =>
    matches({ text, severity }, labels, "late streams");
  assert.ok(look("") && look("PACE gateway") && look("late"));
  assert.ok(!look("pace service-a") && !look("", "ticket") && !look(".*"));
});
