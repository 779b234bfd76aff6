import { InvalidParamsError, type StoredAlert } from "@lgtm-lab/contracts";
import { Problem, problemResponse } from "@lgtm-lab/service-runtime";
import { logger } from "@lgtm-lab/telemetry";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { machineJson } from "../guard/machine-json.ts";
import type { Inbox } from "./inbox.ts";
import { parseMessage } from "./payload.ts";
import { MessageTooLargeError, readMessage } from "./read-message.ts";

const MIB = 1024 * 1024;
/** A message of 250 alerts (`max_alerts` in alertmanager.yml) may have 3 KiB for each; texts longer than 2 KiB are shortened. */
export const MESSAGE_LIMITS = { maxBodyBytes: 64 * MIB, maxKeptBytes: MIB, maxTextBytes: 2048 };
const LIMIT_RULE = "must be a whole number from 1 to 1000";
const limit = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number)
  .pipe(z.int().min(1).max(1000));

/** `POST /api/alerts`, the webhook of Alertmanager and Grafana; `GET /api/alerts?limit=100`, what it has brought. */
export function alertRoutes(app: Hono, inbox: Inbox): void {
  app.post("/api/alerts", machineJson(), async function takeAlerts(c) {
    const { message, leftOut } = await read(c);
    const { alerts, cut } = parseMessage(message, new Date().toISOString(), leftOut);
    const [heartbeats, incidents] = [alerts.filter(isHeartbeat), alerts.filter((each) => !isHeartbeat(each))];
    const stored = inbox.take(incidents, cut);
    const heard = heartbeats.find(({ status }) => status === "firing");
    if (heard) inbox.heard(heard.receivedAt);
    if (stored > 0) logger.info({ stored, of: incidents.length, cut: cut.cut }, "alerts stored");
    return c.json({ received: alerts.length, stored, cut: cut.cut, heartbeat: heard !== undefined });
  });
  app.get("/api/alerts", function listAlerts(c) {
    const text = c.req.query("limit") ?? "100";
    const parsed = limit.safeParse(text);
    if (!parsed.success) throw new InvalidParamsError([{ field: "limit", value: text, rule: LIMIT_RULE }]);
    return c.json({
      alerts: inbox.recent(parsed.data),
      firing: inbox.firing(),
      cut: inbox.cuts(),
      heartbeat: { lastSeenAt: inbox.lastHeartbeat() ?? null },
    });
  });
  app.all("/api/alerts", (c) => {
    const problem = new Problem("method-not-allowed", `${c.req.method} is not allowed for /api/alerts.`);
    return problemResponse(problem, { allow: "GET, HEAD, POST" });
  });
}

/** The dead man's switch always fires: it tells that alerting works, not that anything is wrong. */
const isHeartbeat = ({ receiver, labels }: StoredAlert): boolean =>
  receiver === "heartbeat" || labels.alertname === "Watchdog";

async function read(c: Context): ReturnType<typeof readMessage> {
  try {
    return await readMessage(c.req.raw.body ?? [], MESSAGE_LIMITS);
  } catch (error) {
    if (error instanceof MessageTooLargeError)
      throw new Problem("content-too-large", `A message may have ${MESSAGE_LIMITS.maxBodyBytes} bytes.`);
    if (error instanceof SyntaxError)
      throw new InvalidParamsError([{ field: "body", value: "", rule: "must be JSON" }]);
    throw error;
  }
}
