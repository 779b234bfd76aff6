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
 * The message of Alertmanager (version 4, https://prometheus.io/docs/alerting/latest/configuration/#webhook_config) and of
 * Grafana (version 1, with more fields: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/
 * manage-contact-points/integrations/webhook-notifier/). The common labels of a group are in each of its alerts too.
 */
const message = z.object({
  version: z.enum(["4", "1"]),
  receiver: z.string(),
  status,
  alerts: z.array(alert),
  groupLabels: texts.default({}),
  /** How many more alerts the group has than the message carries (`max_alerts`). */
  truncatedAlerts: z.int().min(0).default(0),
});

/** The content of one message. */
export interface ParsedMessage {
  readonly alerts: StoredAlert[];
  /** How many alerts of the group are not in `alerts`. */
  readonly cut: StoredCut;
}

/**
 * The alerts of one message, as they are stored. `leftOut` alerts of the message were left out because it was too large.
 * Throws an `InvalidParamsError`, which names every invalid field.
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
