import { InvalidParamsError, type StoredAlert, type StoredCut } from "@lgtm-lab/contracts";
import { z } from "zod";

const VALUE_SHOWN = 100;
const texts = z.record(z.string(), z.string());
const time = z.iso.datetime({ offset: true });
const status = z.enum(["firing", "resolved"]);

const alert = z.object({
  status,
  labels: texts,
  annotations: texts.default({}),
  startsAt: time,
  /** Of an alert that fires, `0001-01-01T00:00:00Z`. */
  endsAt: time,
  generatorURL: z.string().default(""),
  fingerprint: z.string().regex(/^[0-9a-f]{1,64}$/),
});

/**
 * What Alertmanager posts (version 4, https://prometheus.io/docs/alerting/latest/configuration/#webhook_config), and
 * Grafana (version 1, with more in it: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/
 * manage-contact-points/integrations/webhook-notifier/). What is common to a group is in each of its alerts too.
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

export interface ReadMessage {
  readonly alerts: StoredAlert[];
  /** How many alerts of the group are not in `alerts`. */
  readonly cut: StoredCut;
}

/**
 * The alerts of one message, as they are stored; `leftOut` of it have been left out for want of room.
 * Throws {@link InvalidParamsError}, which names every field that is wrong.
 */
export function parseMessage(body: unknown, receivedAt: string, leftOut: number): ReadMessage {
  const parsed = (leftOut > 0 ? message : message.extend({ alerts: z.array(alert).min(1) })).safeParse(body);
  if (!parsed.success)
    throw new InvalidParamsError(
      parsed.error.issues.map(({ path, message }) => ({
        field: path.join(".") || "body",
        value: shown(body, path),
        rule: message,
      })),
    );
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

function shown(body: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    body,
  );
  return (JSON.stringify(value) ?? "absent").slice(0, VALUE_SHOWN);
}
