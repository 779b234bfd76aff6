import * as v from "valibot";

/** A time in ISO 8601. */
export const timestamp = v.pipe(v.string(), v.isoTimestamp());

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/**
 * One line of the inbox: an alert that started firing or was resolved. Times are ISO 8601, as the sender wrote them.
 */
const storedAlert = v.object({
  /** When the console received it; UTC, in milliseconds. */
  receivedAt: timestamp,
  source: v.picklist(["alertmanager", "grafana"]),
  receiver: v.string(),
  status: v.picklist(["firing", "resolved"]),
  /** The sender's id of the label set, the same in the firing and the resolved line of an alert. */
  fingerprint: v.string(),
  labels: v.record(v.string(), v.string()),
  annotations: v.record(v.string(), v.string()),
  startsAt: timestamp,
  /** Only for resolved alerts. */
  endsAt: v.optional(timestamp),
  generatorURL: v.string(),
});
/** An alert in the inbox. */
export type StoredAlert = v.InferOutput<typeof storedAlert>;

/** The other kind of line: how many alerts of a group are missing, because a message or the inbox had a limit. */
const incompleteGroup = v.object({
  receivedAt: timestamp,
  source: v.picklist(["alertmanager", "grafana"]),
  receiver: v.string(),
  groupLabels: v.record(v.string(), v.string()),
  /** The number of alerts of the group that the message contained and the inbox accepted. */
  kept: count,
  /** The number of missing alerts of the group. */
  missing: count,
});
/** A group with missing alerts. */
export type IncompleteGroup = v.InferOutput<typeof incompleteGroup>;

/** Returns the alerts of an inbox file, oldest first. Skips incomplete lines, which a crash can leave. */
export const parseAlertLog = (text: string): StoredAlert[] => parseLines(text, storedAlert);

/** Returns the groups that have missing alerts according to their latest line, oldest first. */
export function parseIncompleteGroups(text: string): IncompleteGroup[] {
  const latest = new Map<string, IncompleteGroup>();
  for (const group of parseLines(text, incompleteGroup)) {
    latest.delete(groupIdentity(group)); // keeps the map in order of arrival
    latest.set(groupIdentity(group), group);
  }
  return [...latest.values()].filter(({ missing }) => missing > 0);
}

function parseLines<Line>(text: string, schema: v.GenericSchema<unknown, Line>): Line[] {
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      return [v.parse(schema, JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

/** Identifies a group of alerts. */
export const groupIdentity = ({ source, receiver, groupLabels }: IncompleteGroup): string =>
  JSON.stringify([source, receiver, ...Object.entries(groupLabels).toSorted()]);

/** Returns the labels of a group as text: `alertname="Storm", severity="page"`. */
export const groupName = ({ groupLabels }: Pick<IncompleteGroup, "groupLabels">): string =>
  Object.entries(groupLabels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ") || "without labels";

/** Returns the start of a note about missing alerts: `3 more alerts of the group alertname="Storm" are`. */
export function missingAlerts(group: Pick<IncompleteGroup, "missing" | "groupLabels">): string {
  const [alerts, are] = group.missing === 1 ? ["alert", "is"] : ["alerts", "are"];
  return `${group.missing.toLocaleString("en")} more ${alerts} of the group ${groupName(group)} ${are}`;
}

/** Identifies an alert by its source and label set. */
export const alertIdentity = ({ source, fingerprint }: Pick<StoredAlert, "source" | "fingerprint">): string =>
  `${source} ${fingerprint}`;
