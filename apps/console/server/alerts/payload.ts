import { type StoredAlert, type StoredCut, toInvalidParams } from "@lgtm-lab/contracts";
import { z } from "zod";

const texts = z.record(z.string(), z.string());
const time = z.iso.datetime({ offset: true });
const status = z.enum(["firing", "resolved"]);

const alert = z.object({
  status,
  labels: texts,
  annotations: texts.default({}),
  startsAt: time,
  /** `0001-01-01T00:00:00Z` while the alert fires. */
  endsAt: time,
  generatorURL: z.string().default(""),
  fingerprint: z.string().regex(/^[0-9a-f]{1,64}$/),
});

/**
 * The webhook payload. Each alert also contains the common labels of its group.
 *
 * - Alertmanager, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 * - Grafana, version 1, with more fields: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
 */
const message = z.object({
  version: z.enum(["4", "1"]),
  receiver: z.string(),
  status,
  alerts: z.array(alert),
  groupLabels: texts.default({}),
  /** The number of alerts of the group that the sender omitted because of `max_alerts`. */
  truncatedAlerts: z.int().min(0).default(0),
});

/** The content of one message. */
export interface ParsedMessage {
  readonly alerts: StoredAlert[];
  /** The number of alerts of the group that are not in `alerts`. */
  readonly cut: StoredCut;
}

/**
 * Converts one message to the stored format. `leftOut` is the number of alerts that were removed from it because of its
 * size. Throws an `InvalidParamsError` that names every invalid field.
 */
export function parseMessage(body: unknown, receivedAt: string, leftOut: number): ParsedMessage {
  const parsed = (leftOut > 0 ? message : message.extend({ alerts: z.array(alert).min(1) })).safeParse(body);
  if (!parsed.success) throw toInvalidParams(parsed.error, body);
  const { version, receiver, alerts, groupLabels, truncatedAlerts } = parsed.data;
  const common = { receivedAt, source: version === "4" ? "alertmanager" : "grafana", receiver } as const;
  return {
    alerts: alerts.map(({ endsAt, ...each }) => ({
      ...common,
      ...each,
      ...(each.status === "resolved" && { endsAt }),
    })),
    cut: { ...common, groupLabels, kept: alerts.length, cut: truncatedAlerts + leftOut },
  };
}
