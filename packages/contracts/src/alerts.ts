import { z } from "zod";

/** The alert inbox, relative to the state folder; what was there before the last rotation is in `alerts.jsonl.1`. */
export const ALERT_LOG = "alerts/alerts.jsonl";

/** One line of the inbox: an alert that began to fire, or ceased to. Times are ISO 8601 as the sender wrote them. */
export const storedAlert = z.object({
  /** When the console took it in; UTC, milliseconds. */
  receivedAt: z.iso.datetime(),
  source: z.enum(["alertmanager", "grafana"]),
  receiver: z.string(),
  status: z.enum(["firing", "resolved"]),
  /** The sender's id of the label set: the same for an alert's firing and resolved lines. */
  fingerprint: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  startsAt: z.iso.datetime({ offset: true }),
  /** Of resolved ones only. */
  endsAt: z.iso.datetime({ offset: true }).optional(),
  generatorURL: z.string(),
});
export type StoredAlert = z.infer<typeof storedAlert>;

/** The other kind of line: a message did not carry all alerts of its group, or the inbox had no room for all of them. */
export const storedCut = z.object({
  receivedAt: z.iso.datetime(),
  source: z.enum(["alertmanager", "grafana"]),
  receiver: z.string(),
  groupLabels: z.record(z.string(), z.string()),
  /** How many alerts of the message were stored, and how many of the group were not. */
  kept: z.int().min(0),
  cut: z.int().min(0),
});
export type StoredCut = z.infer<typeof storedCut>;

/** The alerts of an inbox file, oldest first. A line that a crash has torn is passed over. */
export const parseAlertLog = (text: string): StoredAlert[] => parseLines(text, storedAlert);

/** Of each group the newest line that says how many of its alerts were cut, oldest first; none where nothing is cut now. */
export function parseCuts(text: string): StoredCut[] {
  const latest = new Map<string, StoredCut>();
  for (const cut of parseLines(text, storedCut)) {
    latest.delete(groupIdentity(cut)); // so that the map is in order of arrival
    latest.set(groupIdentity(cut), cut);
  }
  return [...latest.values()].filter(({ cut }) => cut > 0);
}

function parseLines<Line>(text: string, schema: z.ZodType<Line>): Line[] {
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      return [schema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

/** By what a group of alerts is the same one as before. */
export const groupIdentity = ({ source, receiver, groupLabels }: StoredCut): string =>
  JSON.stringify([source, receiver, ...Object.entries(groupLabels).toSorted()]);

/** `alertname="Storm", severity="page"`: which group it is, for people. */
export const groupName = ({ groupLabels }: Pick<StoredCut, "groupLabels">): string =>
  Object.entries(groupLabels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ") || "without labels";

/** By what an alert is the same one as before: who says so, and its label set. */
export const alertIdentity = ({ source, fingerprint }: Pick<StoredAlert, "source" | "fingerprint">): string =>
  `${source} ${fingerprint}`;
