import { type IncompleteGroup, parseInput, type StoredAlert, timestamp } from "@lgtm-lab/contracts";
import * as v from "valibot";

const stringRecord = v.record(v.string(), v.string());
const status = v.picklist(["firing", "resolved"]);

const alert = v.object({
  status,
  labels: stringRecord,
  annotations: v.optional(stringRecord, {}),
  startsAt: timestamp,
  /** `0001-01-01T00:00:00Z` while the alert fires. */
  endsAt: timestamp,
  generatorURL: v.optional(v.string(), ""),
  fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{1,64}$/)),
});

/**
 * The webhook payload. Each alert also contains the common labels of its group.
 *
 * - Alertmanager, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 * - Grafana, version 1, with more fields: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
 */
const message = v.object({
  version: v.picklist(["4", "1"]),
  receiver: v.string(),
  status,
  alerts: v.array(alert),
  groupLabels: v.optional(stringRecord, {}),
  /** The number of alerts of the group that the sender omitted because of `max_alerts`. */
  truncatedAlerts: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
});

/** A message has at least one alert, unless all were omitted because of its size. */
const messageWithAlerts = v.object({
  ...message.entries,
  alerts: v.pipe(message.entries.alerts, v.minLength(1)),
});

/** The content of one message. */
export interface ParsedMessage {
  readonly alerts: StoredAlert[];
  /** The group, with the number of its alerts that are not in `alerts`. */
  readonly group: IncompleteGroup;
}

/**
 * Converts one message to the stored format. `omitted` is the number of alerts that `readMessage` omitted because of
 * their size. Throws an `InvalidParamsError` that names every invalid field.
 */
export function parseMessage(body: unknown, receivedAt: string, omitted: number): ParsedMessage {
  const { version, receiver, alerts, groupLabels, truncatedAlerts } = parseInput(
    omitted > 0 ? message : messageWithAlerts,
    body,
  );
  const common = { receivedAt, source: version === "4" ? "alertmanager" : "grafana", receiver } as const;
  return {
    alerts: alerts.map(({ endsAt, ...each }) => ({
      ...common,
      ...each,
      ...(each.status === "resolved" && { endsAt }),
    })),
    group: { ...common, groupLabels, kept: alerts.length, missing: truncatedAlerts + omitted },
  };
}
