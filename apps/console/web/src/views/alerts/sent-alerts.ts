import type { AlertmanagerAlert, InboxAlert } from "../../api/alerts.ts";
import type { Labels } from "../../api/prometheus.ts";
import { WATCHDOG } from "./active.ts";

/** An alert from its first to its last message. Times are Unix times in milliseconds. */
export interface SentAlert {
  readonly id: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly generatorURL: string;
  readonly source: string;
  readonly startsAt: number;
  /** When the firing message was received. Missing if it is no longer in the inbox, or not received yet. */
  readonly firedAt: number | undefined;
  readonly resolvedAt: number | undefined;
  /** The end of the alert according to its sender. */
  readonly endsAt: number | undefined;
  readonly state: SentAlertState;
}

/**
 * - `firing`: was sent and is not resolved.
 * - `resolved`: was sent as firing and as resolved.
 * - `waiting`: Alertmanager has it, but has not sent it yet.
 * - `suppressed`: Alertmanager does not send it, because it is silenced or inhibited.
 * - `gone`: firing according to the last message, but Alertmanager no longer has it. The resolved message is not yet
 *   received, or was never sent because the stack was stopped.
 */
export type SentAlertState = "firing" | "resolved" | "waiting" | "suppressed" | "gone";

/**
 * Returns the alerts of the inbox with their state in Alertmanager. `alertmanagerAlerts` is undefined if Alertmanager is
 * not available. Ongoing alerts are first, then the newest.
 */
export function sentAlertsOf(
  inboxAlerts: readonly InboxAlert[],
  alertmanagerAlerts: readonly AlertmanagerAlert[] | undefined,
): SentAlert[] {
  const alerts = new Map<string, SentAlert>();
  for (const message of inboxAlerts.toSorted((a, b) => a.receivedAt - b.receivedAt)) {
    const id = `${message.source} ${message.fingerprint} ${message.startsAt}`;
    const former = alerts.get(id);
    const resolved = message.status === "resolved";
    alerts.set(id, {
      id,
      labels: message.labels,
      annotations: message.annotations,
      generatorURL: message.generatorURL,
      source: message.source,
      startsAt: message.startsAt,
      firedAt: former?.firedAt ?? (resolved ? undefined : message.receivedAt),
      resolvedAt: resolved ? message.receivedAt : former?.resolvedAt,
      endsAt: message.endsAt ?? former?.endsAt,
      state: resolved ? "resolved" : "firing",
    });
  }
  const sent = [...alerts.values()].map((alert) => withCurrentState(alert, alertmanagerAlerts));
  const unsent = (alertmanagerAlerts ?? []).filter(
    ({ fingerprint, labels }) =>
      labels.alertname !== WATCHDOG &&
      !sent.some(({ id, state }) => state === "firing" && id.startsWith(`alertmanager ${fingerprint} `)),
  );
  return [...sent, ...unsent.map(asWaiting)].sort(
    (a, b) => Number(isOngoing(b)) - Number(isOngoing(a)) || latest(b) - latest(a),
  );
}

function withCurrentState(
  alert: SentAlert,
  alertmanagerAlerts: readonly AlertmanagerAlert[] | undefined,
): SentAlert {
  if (alert.state !== "firing" || alert.source !== "alertmanager" || !alertmanagerAlerts) return alert;
  const known = alertmanagerAlerts.some(({ fingerprint }) =>
    alert.id.startsWith(`alertmanager ${fingerprint} `),
  );
  return known ? alert : { ...alert, state: "gone" };
}

const asWaiting = ({ fingerprint, labels, startsAt, suppressed }: AlertmanagerAlert): SentAlert => ({
  id: `unsent ${fingerprint} ${startsAt}`,
  labels,
  annotations: {},
  generatorURL: "",
  source: "alertmanager",
  startsAt,
  firedAt: undefined,
  resolvedAt: undefined,
  endsAt: undefined,
  state: suppressed ? "suppressed" : "waiting",
});

/** Returns whether an alert is ongoing. */
const isOngoing = ({ state }: SentAlert): boolean => state === "firing" || state === "waiting";

const latest = ({ resolvedAt, firedAt, startsAt }: SentAlert): number => resolvedAt ?? firedAt ?? startsAt;
