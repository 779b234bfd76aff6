import assert from "node:assert/strict";
import { test } from "vitest";
import { expectedOf, isExpected } from "./expected.ts";
import {
  type AlertSeries,
  type Delivery,
  faultTimeline,
  type Stage,
  type TimelineData,
} from "./milestones.ts";

const LABELS = {
  __name__: "ALERTS",
  alertname: "SloPaceBurn",
  severity: "page",
  slo: "gateway-numbers-pace",
  window: "2m",
};
const every2s = (from: number, to: number) =>
  Array.from({ length: Math.floor((to - from) / 2000) + 1 }, (_, index) => from + index * 2000);
const series = (alertstate: string, from: number, to: number, more = {}): AlertSeries => ({
  labels: { ...LABELS, alertstate, ...more },
  times: every2s(from, to),
});
const { __name__, ...SENT } = LABELS;
const sent = (status: Delivery["status"], receivedAt: number, startsAt = 108_000): Delivery => ({
  labels: SENT,
  status,
  receivedAt,
  startsAt,
});

const evidence = (more: Partial<TimelineData>): TimelineData => ({
  episode: { fault: "slow-b", start: 100_000, due: 400_000, end: undefined, fixed: false },
  expected: expectedOf("slow-b"),
  firstAffected: {
    kind: "affected",
    fault: "slow-b",
    service: "service-b",
    at: 100_250,
    traceId: "a".repeat(32),
  },
  alerts: [],
  deliveries: [],
  now: 101_000,
  ...more,
});
const OVER = { fault: "slow-b", start: 100_000, due: 400_000, end: 130_000, fixed: true };
const at = (given: TimelineData) =>
  Object.fromEntries(faultTimeline(given).milestones.map((each) => [each.stage, each.at])) as Record<
    Stage,
    number | undefined
  >;

test("a complete timeline contains the seconds between milestones", () => {
  const timeline = faultTimeline(
    evidence({
      episode: OVER,
      alerts: [series("pending", 104_000, 108_000), series("firing", 110_000, 142_000)],
      deliveries: [sent("resolved", 145_000), sent("firing", 111_500)],
      now: 200_000,
    }),
  );
  assert.deepEqual(
    timeline.milestones.map(({ stage, at, after }) => [stage, at, after]),
    [
      ["start", 100_000, undefined],
      ["bad-request", 100_250, 0.25],
      ["pending", 104_000, 3.75],
      ["firing", 110_000, 6],
      ["delivered", 111_500, 1.5],
      ["fix", 130_000, 18.5],
      ["resolved", 145_000, 15],
    ],
  );
  assert.equal(timeline.complete, true);
  assert.equal(timeline.milestones[3]?.alert, "SloPaceBurn gateway-numbers-pace");
});

test("a milestone that was not reached has no time", () => {
  assert.deepEqual(at(evidence({ alerts: [series("pending", 104_000, 106_000)], now: 107_000 })), {
    start: 100_000,
    "bad-request": 100_250,
    pending: 104_000,
    firing: undefined,
    delivered: undefined,
    fix: undefined,
    resolved: undefined,
  });
});

test("the timeline is resolved when the last alert is resolved", () => {
  const alerts = [series("firing", 110_000, 132_000), series("firing", 112_000, 180_000, { window: "12m" })];
  const slow: Delivery = { ...sent("firing", 113_000), labels: { ...SENT, window: "12m" } };
  const deliveries = [sent("firing", 111_000), sent("resolved", 134_000), slow];
  assert.equal(at(evidence({ episode: OVER, alerts, deliveries, now: 190_000 })).resolved, undefined);
  const resolution: Delivery = { ...slow, status: "resolved", receivedAt: 185_000 };
  assert.equal(
    at(evidence({ episode: OVER, alerts, deliveries: [...deliveries, resolution], now: 190_000 })).resolved,
    185_000,
  );
});

test("without an inbox, uses the last state in Prometheus", () => {
  const alerts = [series("firing", 110_000, 150_000)];
  assert.equal(at(evidence({ episode: OVER, alerts, now: 152_000 })).resolved, undefined);
  assert.equal(at(evidence({ episode: OVER, alerts, now: 170_000 })).resolved, 150_000);
});

test("ignores alerts that fired before the fault", () => {
  const early = series("firing", 60_000, 140_000, { window: "12m" });
  const timeline = faultTimeline(evidence({ alerts: [early], now: 120_000 }));
  assert.equal(timeline.milestones.find(({ stage }) => stage === "firing")?.at, undefined);
  assert.deepEqual(timeline.earlier, ["SloPaceBurn gateway-numbers-pace"]);
});

test("an alert that fired before, ended and fired again is part of the timeline", () => {
  const again = {
    ...series("firing", 60_000, 80_000),
    times: [...every2s(60_000, 80_000), ...every2s(112_000, 120_000)],
  };
  assert.equal(at(evidence({ alerts: [again], now: 121_000 })).firing, 112_000);
});

test("a fault that is too short for an alert is complete without one", () => {
  const timeline = faultTimeline(evidence({ episode: { ...OVER, end: 102_000 }, now: 150_000 }));
  assert.deepEqual([timeline.endedWithoutAlert, timeline.complete], [true, true]);
  assert.equal(faultTimeline(evidence({ episode: { ...OVER, end: 102_000 }, now: 110_000 })).complete, false);
});

test("expects a ticket only if it is named, and no alert of a fault that causes none", () => {
  const failing = { alertname: "AuthenticationFailing", severity: "ticket", service_name: "gateway" };
  assert.ok(isExpected(failing, expectedOf("token-storm")));
  assert.ok(!isExpected({ ...failing, severity: "page" }, expectedOf("token-storm")));
  assert.ok(!isExpected(SENT, expectedOf("flaky-a")));
});

test("ignores tickets and the pages of other faults", () => {
  const expected = expectedOf("slow-b");
  assert.ok(isExpected(SENT, expected));
  assert.ok(!isExpected({ ...SENT, severity: "ticket" }, expected));
  assert.ok(!isExpected({ ...SENT, slo: "gateway-hello-latency" }, expected));
  assert.ok(
    !isExpected(
      { alertname: "TargetDown", severity: "page", service_name: "service-a" },
      expectedOf("crash-b"),
    ),
  );
  assert.ok(
    isExpected({ alertname: "Whatever", severity: "page" }, expectedOf("constructor")),
    "an unknown fault: any page",
  );
});
