import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { StoredAlert } from "@lgtm-lab/contracts";
import { alertTable, missingAlertsNotes } from "./alerts.ts";

const START = Date.parse("2026-11-21T05:00:00Z");
const alert = (overrides: Partial<StoredAlert> = {}): StoredAlert => ({
  receivedAt: "2026-11-21T05:00:03.000Z",
  source: "alertmanager",
  receiver: "console",
  status: "firing",
  fingerprint: "a",
  labels: { alertname: "TargetDown", service_name: "service-b", severity: "page" },
  annotations: { summary: "service-b is down" },
  startsAt: "2026-11-21T05:00:00Z",
  generatorURL: "",
  ...overrides,
});
const linesOf = (shown: StoredAlert[], all = shown) =>
  stripVTControlCharacters(alertTable(shown, all, START + 42_000))
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/).slice(1));

test("a firing alert shows how long it has been firing", () => {
  const firing = ["firing", "TargetDown", "service-b", "page", "42 s so far", "service-b is down"];
  assert.deepEqual(linesOf([alert()]), [firing]);
});

test("a resolved alert shows how long it fired, once", () => {
  const first = alert();
  const resolved = alert({ status: "resolved", endsAt: "2026-11-21T05:02:30Z" });
  const howLong = (lines: string[][]) => lines.map((cells) => [cells[0], cells[4]]);
  assert.deepEqual(howLong(linesOf([first, resolved])), [
    ["firing", "-"],
    ["resolved", "2 min"],
  ]);
  assert.deepEqual(howLong(linesOf([first], [first, resolved])), [["firing", "-"]]);
});

test("control characters in a label do not reach the terminal", () => {
  const text = alertTable([alert({ annotations: { summary: "\u001b[2Jx\ny\u202e" } })], [], START);
  assert.ok(text.includes("�[2Jx�y�"));
});

test("a group whose alerts are not all stored shows how many are missing, and where all of them are", () => {
  const group = { groupLabels: { alertname: "Storm", severity: "page" }, kept: 250, missing: 2750 };
  const common = { receivedAt: "2026-11-21T05:00:03.000Z", receiver: "console", ...group };
  const [alertmanager, grafana] = missingAlertsNotes(
    [
      { ...common, source: "alertmanager" },
      { ...common, source: "grafana", groupLabels: { a: "\u001b[2J" } },
    ],
    "http://127.0.0.1:9093",
  );
  assert.match(
    alertmanager ?? "",
    /^2,750 more alerts of the group alertname="Storm", severity="page" are not stored/,
  );
  assert.match(alertmanager ?? "", /curl -s http:\/\/127\.0\.0\.1:9093\/api\/v2\/alerts$/);
  assert.match(grafana ?? "", /group a="�\[2J" .*in Grafana$/);
});
