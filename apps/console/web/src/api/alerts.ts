import type { StoredAlert, IncompleteGroup as StoredGroup } from "@lgtm-lab/contracts";
import { type Json, number, record, records, string } from "../app/json.ts";
import { get } from "./http.ts";
import { type Labels, query, type Series } from "./prometheus.ts";

/** A pending or firing alert in Prometheus. Times are Unix times in milliseconds. */
export interface ActiveAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: "pending" | "firing";
  readonly activeAt: number;
  readonly value: string;
}

export interface Rule {
  readonly name: string;
  readonly query: string;
  /** The time for which the condition must be true, in seconds. */
  readonly holdFor: number;
  readonly state: string;
  readonly health: string;
  readonly lastError: string;
  readonly lastEvaluation: number;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly alerts: readonly ActiveAlert[];
}

export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  /** Seconds. */
  readonly interval: number;
  readonly rules: readonly Rule[];
}

/** An alert of the inbox. Times are Unix times in milliseconds. */
export interface InboxAlert
  extends Pick<StoredAlert, "source" | "fingerprint" | "status" | "labels" | "annotations" | "generatorURL"> {
  readonly receivedAt: number;
  readonly startsAt: number;
  readonly endsAt: number | undefined;
}

/** A group with missing alerts. */
export interface IncompleteGroup extends Pick<StoredGroup, "groupLabels"> {
  readonly receivedAt: number;
  /** The number of missing alerts. */
  readonly missing: number;
}

export interface Inbox {
  /** Newest first. */
  readonly alerts: readonly InboxAlert[];
  /** Alerts that are firing according to their latest message. */
  readonly firing: readonly InboxAlert[];
  /** Newest first. */
  readonly incompleteGroups: readonly IncompleteGroup[];
  readonly heartbeatAt: number | undefined;
}

/** An alert in Alertmanager. */
export interface AlertmanagerAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly startsAt: number;
  readonly suppressed: boolean;
  readonly silenced: boolean;
}

const time = (value: unknown): number => {
  const at = Date.parse(string(value));
  return Number.isNaN(at) ? 0 : at;
};
const labelsOf = (value: unknown): Labels =>
  Object.fromEntries(Object.entries(record(value)).map(([name, each]) => [name, string(each)]));

/** Reads the alerting rules, by group, from Prometheus's `/api/v1/rules`. */
export function readRules(response: unknown): RuleGroup[] {
  return records(record(record(response).data).groups)
    .map((group) => ({
      name: string(group.name),
      file: string(group.file),
      interval: number(group.interval) ?? 0,
      rules: records(group.rules)
        .filter(({ type }) => type === "alerting")
        .map(readRule),
    }))
    .filter(({ rules }) => rules.length > 0);
}

const readRule = (rule: Json): Rule => ({
  name: string(rule.name),
  query: string(rule.query),
  holdFor: number(rule.duration) ?? 0,
  state: string(rule.state),
  health: string(rule.health),
  lastError: string(rule.lastError),
  lastEvaluation: time(rule.lastEvaluation),
  labels: labelsOf(rule.labels),
  annotations: labelsOf(rule.annotations),
  alerts: records(rule.alerts).map((alert) => ({
    labels: labelsOf(alert.labels),
    annotations: labelsOf(alert.annotations),
    state: alert.state === "firing" ? "firing" : "pending",
    activeAt: time(alert.activeAt),
    value: string(alert.value),
  })),
});

/** Reads the response of the console's `/api/alerts`. */
export function readInbox(response: unknown): Inbox {
  const { alerts, firing, incompleteGroups, heartbeat } = record(response);
  return {
    alerts: records(alerts).map(readInboxAlert),
    firing: records(firing).map(readInboxAlert),
    incompleteGroups: records(incompleteGroups).map((group) => ({
      receivedAt: time(group.receivedAt),
      groupLabels: labelsOf(group.groupLabels),
      missing: number(group.missing) ?? 0,
    })),
    heartbeatAt: time(record(heartbeat).lastSeenAt) || undefined,
  };
}

const readInboxAlert = (alert: Json): InboxAlert => ({
  source: alert.source === "grafana" ? "grafana" : "alertmanager",
  fingerprint: string(alert.fingerprint),
  status: alert.status === "resolved" ? "resolved" : "firing",
  labels: labelsOf(alert.labels),
  annotations: labelsOf(alert.annotations),
  receivedAt: time(alert.receivedAt),
  startsAt: time(alert.startsAt),
  endsAt: time(alert.endsAt) || undefined,
  generatorURL: string(alert.generatorURL),
});

/** Reads the response of Alertmanager's `/api/v2/alerts`. */
export const readAlertmanagerAlerts = (response: unknown): AlertmanagerAlert[] =>
  records(response).map((alert) => {
    const { state, silencedBy } = record(alert.status);
    return {
      fingerprint: string(alert.fingerprint),
      labels: labelsOf(alert.labels),
      startsAt: time(alert.startsAt),
      suppressed: state === "suppressed",
      silenced: Array.isArray(silencedBy) && silencedBy.length > 0,
    };
  });

/** Fetches Prometheus's alerting rules with their active alerts. */
export const listRules = async (signal?: AbortSignal): Promise<RuleGroup[]> =>
  readRules(await get<unknown>("/api/prometheus/rules", { type: "alert" }, signal));

/** Fetches the alerts that Alertmanager and Grafana sent, newest first. */
export const listInbox = async (limit: number, signal?: AbortSignal): Promise<Inbox> =>
  readInbox(await get<unknown>("/api/alerts", { limit }, signal));

/** Fetches the alerts in Alertmanager. */
export const listAlertmanagerAlerts = async (signal?: AbortSignal): Promise<AlertmanagerAlert[]> =>
  readAlertmanagerAlerts(await get<unknown>("/api/alertmanager/alerts", {}, signal));

/** Fetches the evaluations at which a page was pending or firing, between two times in milliseconds. */
export const pagingAlertSeries = (from: number, to: number, signal?: AbortSignal): Promise<Series[]> => {
  const range = Math.max(1, Math.ceil((to - from) / 1000));
  return query(`ALERTS{severity="page"}[${range}s]`, to / 1000, signal);
};
