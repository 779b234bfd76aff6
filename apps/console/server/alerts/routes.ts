import { boundedInteger, parseIntegerQuery, rawQuery, type StoredAlert } from "@lgtm-lab/contracts";
import { onlyMethods, Problem } from "@lgtm-lab/service-runtime";
import { logger } from "@lgtm-lab/telemetry";
import type { Context, Hono } from "hono";
import * as v from "valibot";
import type { AlertInbox } from "../../shared/api.ts";
import { jsonFromPrograms } from "../guards.ts";
import type { Inbox } from "./inbox.ts";
import { parseMessage } from "./payload.ts";
import { MessageTooLargeError, readMessage } from "./read-message.ts";

const MIB = 1024 * 1024;
/**
 * Alerts may use three quarters of `maxKeptBytes`: enough for 250 alerts (`max_alerts` in alertmanager.yml) of 3 KiB
 * each. Strings longer than `maxStringBytes` are truncated.
 */
export const MESSAGE_LIMITS = { maxBodyBytes: 64 * MIB, maxKeptBytes: MIB, maxStringBytes: 2048 };
const listQuery = v.object({ limit: v.optional(boundedInteger(1, 1000), 100) });

/** `POST /api/alerts`: the webhook of Alertmanager and Grafana. `GET /api/alerts?limit=100`: the received alerts. */
export function alertRoutes(app: Hono, inbox: Inbox): void {
  app.post("/api/alerts", jsonFromPrograms(), async function receiveAlerts(c) {
    const { message, omitted } = await readBody(c);
    const { alerts, group } = parseMessage(message, new Date().toISOString(), omitted);
    const received = alerts.length + omitted;
    const heartbeats = alerts.filter(isHeartbeat);
    const alertsToStore = alerts.filter((alert) => !isHeartbeat(alert));
    const stored = inbox.store(alertsToStore, group);
    const heartbeat = heartbeats.find(({ status }) => status === "firing");
    if (heartbeat) inbox.recordHeartbeat(heartbeat.receivedAt);
    if (stored > 0)
      logger.info({ received, stored, omitted, omitted_by_sender: group.missing - omitted }, "alerts stored");
    return c.json({ received, stored, omitted, heartbeat: heartbeat !== undefined });
  });
  app.get("/api/alerts", function listAlerts(c) {
    const { limit } = parseIntegerQuery(rawQuery(c.req.url), listQuery);
    return c.json<AlertInbox>({
      alerts: inbox.recent(limit),
      firing: inbox.firing(),
      incompleteGroups: inbox.incompleteGroups(),
      heartbeat: { lastSeenAt: inbox.lastHeartbeat() ?? null },
    });
  });
  onlyMethods(app, "/api/alerts", ["GET", "HEAD", "POST"]);
}

/** Returns whether an alert is Watchdog, which always fires to show that alerting works. */
const isHeartbeat = ({ receiver, labels }: StoredAlert): boolean =>
  receiver === "heartbeat" || labels.alertname === "Watchdog";

async function readBody(c: Context): ReturnType<typeof readMessage> {
  try {
    return await readMessage(c.req.raw.body ?? [], MESSAGE_LIMITS);
  } catch (error) {
    if (error instanceof MessageTooLargeError)
      throw new Problem("content-too-large", error.message, { cause: error });
    throw error;
  }
}
