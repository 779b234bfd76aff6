import type { FaultLine } from "../api/faults.ts";
import type { Episode } from "./episodes.ts";
import { type Expected, isExpected } from "./expected.ts";

type Labels = Readonly<Record<string, string>>;

/** The stages from a fault's start to the end of its alerts. */
export const STAGES = ["start", "bad-request", "pending", "firing", "delivered", "fix", "resolved"] as const;
export type Stage = (typeof STAGES)[number];

export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  start: "Fault starts",
  "bad-request": "First bad request",
  pending: "Alert pending",
  firing: "Alert fires",
  delivered: "In the inbox",
  fix: "Fault ends",
  resolved: "All resolved",
};

export interface Milestone {
  readonly stage: Stage;
  /** Unix time in milliseconds. Missing until the milestone is reached. */
  readonly at: number | undefined;
  /** Seconds since the previous milestone that was reached. */
  readonly after: number | undefined;
  readonly traceId?: string;
  /** The name of the alert. */
  readonly alert?: string;
}

/** The points of one `ALERTS` series: the times (milliseconds) at which the alert was pending or firing. */
export interface AlertSeries {
  readonly labels: Labels;
  readonly times: readonly number[];
}

/** A message about one alert in the inbox. Times are Unix times in milliseconds. */
export interface Delivery {
  readonly labels: Labels;
  readonly status: "firing" | "resolved";
  readonly receivedAt: number;
  readonly startsAt: number;
}

/** The data from which a timeline is built. */
export interface TimelineData {
  readonly episode: Episode;
  readonly expected: Expected;
  readonly firstAffected: FaultLine | undefined;
  readonly alerts: readonly AlertSeries[];
  readonly deliveries: readonly Delivery[];
  readonly now: number;
}

export interface FaultTimeline {
  readonly milestones: readonly Milestone[];
  /** Alerts that fired before the fault began. They are not part of the timeline. */
  readonly earlier: readonly string[];
  /** Whether no further milestone is expected. */
  readonly complete: boolean;
  /** Whether the fault ended without an alert. */
  readonly endedWithoutAlert: boolean;
}

/** Prometheus evaluates rules every 2 s. An alert without a point for this time has ended. */
const STALE_MS = 5000;
/** This long after a fault's end, no further alert can fire. */
const NO_ALERT_AFTER_MS = 20_000;

/** Builds the timeline of one episode from log lines, Prometheus and the inbox. */
export function faultTimeline({
  episode,
  expected,
  firstAffected,
  alerts,
  deliveries,
  now,
}: TimelineData): FaultTimeline {
  const { start, end } = episode;
  const expectedAlerts = alerts.filter(({ labels }) => isExpected(labels, expected));
  const before = expectedAlerts.filter(
    ({ times, labels }) => labels.alertstate === "firing" && times.some((time) => time < start),
  );
  const carriedOver = new Set(
    before.filter(({ times }) => firesAt(times, start)).map(({ labels }) => identity(labels)),
  );
  const fresh = expectedAlerts.filter(({ labels }) => !carriedOver.has(identity(labels)));
  const pending = first(fresh, "pending", start);
  const firing = first(fresh, "firing", start);

  const received = deliveries.filter(
    ({ labels, startsAt }) =>
      isExpected(labels, expected) && !carriedOver.has(identity(labels)) && startsAt >= start - 1000,
  );
  const delivered = earliest(received.filter(({ status }) => status === "firing"));
  const bad = firstAffected && firstAffected.at >= start ? firstAffected : undefined;

  return toTimeline(
    {
      start: { at: start },
      "bad-request": { at: bad?.at, ...(bad?.traceId && { traceId: bad.traceId }) },
      pending,
      firing,
      delivered: { at: delivered?.receivedAt, ...(delivered && { alert: nameOf(delivered.labels) }) },
      fix: { at: end },
      resolved: { at: resolvedAt(fresh, received, end, now) },
    },
    now,
    [
      ...new Set(
        before.filter(({ labels }) => carriedOver.has(identity(labels))).map((each) => nameOf(each.labels)),
      ),
    ],
  );
}

type MilestoneTimes = Readonly<Record<Stage, Omit<Milestone, "stage" | "after">>>;

function toTimeline(found: MilestoneTimes, now: number, earlier: string[]): FaultTimeline {
  const happened = STAGES.flatMap((stage) => found[stage].at ?? []).sort((a, b) => a - b);
  const milestones = STAGES.map((stage): Milestone => {
    const { at } = found[stage];
    const previous = at === undefined ? undefined : happened.findLast((other) => other < at);
    return {
      stage,
      ...found[stage],
      after: at === undefined || previous === undefined ? undefined : (at - previous) / 1000,
    };
  });
  const { fix, firing, delivered, resolved } = found;
  const noAlert = firing.at === undefined && delivered.at === undefined;
  const endedWithoutAlert = fix.at !== undefined && noAlert && now > fix.at + NO_ALERT_AFTER_MS;
  return {
    milestones,
    earlier,
    endedWithoutAlert,
    complete: endedWithoutAlert || (fix.at !== undefined && resolved.at !== undefined),
  };
}

function first(
  series: readonly AlertSeries[],
  state: string,
  start: number,
): Omit<Milestone, "stage" | "after"> {
  let best: { at: number; alert: string } | undefined;
  for (const { labels, times } of series) {
    if (labels.alertstate !== state) continue;
    const at = times.find((time) => time >= start);
    if (at !== undefined && (!best || at < best.at)) best = { at, alert: nameOf(labels) };
  }
  return best ?? { at: undefined };
}

/** Returns when the last alert was resolved. Without a message, uses the alert's last point in Prometheus. */
function resolvedAt(
  fresh: readonly AlertSeries[],
  received: readonly Delivery[],
  end: number | undefined,
  now: number,
): number | undefined {
  if (end === undefined) return undefined;
  const lastPoint = Math.max(
    ...fresh.flatMap(({ labels, times }) => (labels.alertstate === "firing" ? (times.at(-1) ?? []) : [])),
  );
  if (lastPoint > now - STALE_MS) return undefined;
  const lastMessages = new Map<string, Delivery>();
  for (const each of received.toSorted((a, b) => a.receivedAt - b.receivedAt))
    lastMessages.set(identity(each.labels), each);
  const last = [...lastMessages.values()];
  if (last.some(({ status }) => status === "firing")) return undefined;
  const lastMessage = Math.max(...last.map(({ receivedAt }) => receivedAt));
  const at = Number.isFinite(lastMessage) ? lastMessage : lastPoint;
  return Number.isFinite(at) ? Math.max(at, end) : undefined;
}

const firesAt = (times: readonly number[], moment: number): boolean =>
  times.some((time) => time <= moment && time > moment - STALE_MS);

const earliest = (deliveries: readonly Delivery[]): Delivery | undefined =>
  deliveries.toSorted((a, b) => a.receivedAt - b.receivedAt)[0];

/** Identifies an alert by its labels, without those that differ between its states. */
function identity(labels: Labels): string {
  const { __name__, alertstate, ...rest } = labels;
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const nameOf = ({ alertname = "", slo, service_name = "" }: Labels): string =>
  `${alertname} ${slo ?? service_name}`.trim();
