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

/** The alerts of an inbox file, oldest first. A line that a crash has torn is passed over. */
export function parseAlertLog(text: string): StoredAlert[] {
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      return [storedAlert.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

/** By what an alert is the same one as before: who says so, and its label set. */
export const alertIdentity = ({ source, fingerprint }: Pick<StoredAlert, "source" | "fingerprint">): string =>
  `${source} ${fingerprint}`;
