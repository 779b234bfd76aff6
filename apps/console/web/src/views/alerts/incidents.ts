import type { HeldAlert, InboxLine } from "../../api/alerts.ts";
import type { Labels } from "../../api/prometheus.ts";

/** An alert from its first to its last message. Times are milliseconds since 1970. */
export interface Incident {
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
  readonly state: IncidentState;
}

/**
 * - `firing`: was sent and is not resolved.
 * - `resolved`: was sent as firing and as resolved.
 * - `waiting`: Alertmanager has it, but has not sent it yet.
 * - `held back`: Alertmanager does not send it, because it is silenced or inhibited.
 * - `gone`: firing according to the last message, but Alertmanager no longer has it. The resolved message is not yet
 *   received, or was never sent because the stack was stopped.
 */
export type IncidentState = "firing" | "resolved" | "waiting" | "held back" | "gone";

/**
 * Returns the alerts of the inbox with their state in Alertmanager (`held`, missing if it is not available). Sorts open
 * incidents first, then the newest.
 */
export function incidentsOf(lines: readonly InboxLine[], held: readonly HeldAlert[] | undefined): Incident[] {
  const incidents = new Map<string, Incident>();
  for (const line of lines.toSorted((a, b) => a.receivedAt - b.receivedAt)) {
    const id = `${line.source} ${line.fingerprint} ${line.startsAt}`;
    const former = incidents.get(id);
    const resolved = line.status === "resolved";
    incidents.set(id, {
      id,
      labels: line.labels,
      annotations: line.annotations,
      generatorURL: line.generatorURL,
      source: line.source,
      startsAt: line.startsAt,
      firedAt: former?.firedAt ?? (resolved ? undefined : line.receivedAt),
      resolvedAt: resolved ? line.receivedAt : former?.resolvedAt,
      endsAt: line.endsAt ?? former?.endsAt,
      state: resolved ? "resolved" : "firing",
    });
  }
  const sent = [...incidents.values()].map((incident) => withCurrentState(incident, held));
  const unsent = (held ?? []).filter(
    ({ fingerprint, labels }) =>
      labels.alertname !== "Watchdog" &&
      !sent.some(({ id, state }) => state === "firing" && id.startsWith(`alertmanager ${fingerprint} `)),
  );
  return [...sent, ...unsent.map(asWaiting)].sort(
    (a, b) => Number(isOpen(b)) - Number(isOpen(a)) || latest(b) - latest(a),
  );
}

function withCurrentState(incident: Incident, held: readonly HeldAlert[] | undefined): Incident {
  if (incident.state !== "firing" || incident.source !== "alertmanager" || !held) return incident;
  const known = held.some(({ fingerprint }) => incident.id.startsWith(`alertmanager ${fingerprint} `));
  return known ? incident : { ...incident, state: "gone" };
}

const asWaiting = ({ fingerprint, labels, startsAt, suppressed }: HeldAlert): Incident => ({
  id: `held ${fingerprint} ${startsAt}`,
  labels,
  annotations: {},
  generatorURL: "",
  source: "alertmanager",
  startsAt,
  firedAt: undefined,
  resolvedAt: undefined,
  endsAt: undefined,
  state: suppressed ? "held back" : "waiting",
});

/** Returns whether an incident is ongoing. */
const isOpen = ({ state }: Incident): boolean => state === "firing" || state === "waiting";

const latest = ({ resolvedAt, firedAt, startsAt }: Incident): number => resolvedAt ?? firedAt ?? startsAt;
