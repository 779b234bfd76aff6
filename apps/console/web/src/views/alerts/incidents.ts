import type { HeldAlert, InboxLine } from "../../api/alerts.ts";
import type { Labels } from "../../api/prometheus.ts";

/** One time that an alert was sent, from its first message to its last. Milliseconds since the epoch. */
export interface Incident {
  readonly id: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly generatorURL: string;
  readonly source: string;
  readonly startsAt: number;
  /** When the message that it fires came; nothing if that is no longer in the inbox, or has not come yet. */
  readonly firedAt: number | undefined;
  readonly resolvedAt: number | undefined;
  /** When it ended by the sender's word. */
  readonly endsAt: number | undefined;
  readonly state: IncidentState;
}

/**
 * - `firing`: was sent, not resolved.
 * - `resolved`: both were sent.
 * - `waiting`: Alertmanager has it, but has not sent it yet.
 * - `held back`: Alertmanager keeps it back, as another one explains it or somebody silenced it.
 * - `gone`: firing by the last word, but Alertmanager no longer has it. Its end is on its way, or the stack was stopped
 *   meanwhile and it is never told.
 */
export type IncidentState = "firing" | "resolved" | "waiting" | "held back" | "gone";

/**
 * What the inbox has, with what Alertmanager holds now (nothing when it cannot be asked). What goes on comes first, then the
 * newest.
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
  const sent = [...incidents.values()].map((incident) => withLastWord(incident, held));
  const unsent = (held ?? []).filter(
    ({ fingerprint, labels }) =>
      labels.alertname !== "Watchdog" &&
      !sent.some(({ id, state }) => state === "firing" && id.startsWith(`alertmanager ${fingerprint} `)),
  );
  return [...sent, ...unsent.map(asWaiting)].sort(
    (a, b) => Number(isOpen(b)) - Number(isOpen(a)) || latest(b) - latest(a),
  );
}

function withLastWord(incident: Incident, held: readonly HeldAlert[] | undefined): Incident {
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

/** What goes on comes before what is over. */
const isOpen = ({ state }: Incident): boolean => state === "firing" || state === "waiting";

const latest = ({ resolvedAt, firedAt, startsAt }: Incident): number => resolvedAt ?? firedAt ?? startsAt;
