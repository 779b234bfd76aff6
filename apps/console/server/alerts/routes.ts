import { InvalidParamsError, type StoredAlert } from "@lgtm-lab/contracts";
import { Problem, problemResponse } from "@lgtm-lab/kit";
import { logger } from "@lgtm-lab/telemetry";
import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { machineJson } from "../guard/machine-json.ts";
import type { Inbox } from "./inbox.ts";
import { readMessage } from "./payload.ts";

/** A message of a thousand alerts has about half of this. */
export const MAX_BODY_BYTES = 1024 * 1024;
const LIMIT_RULE = "must be a whole number from 1 to 1000";
const limit = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number)
  .pipe(z.int().min(1).max(1000));

/** `POST /api/alerts`, the webhook of Alertmanager and Grafana; `GET /api/alerts?limit=100`, what it has brought. */
export function alertRoutes(app: Hono, inbox: Inbox): void {
  app.post(
    "/api/alerts",
    machineJson(),
    bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }),
    async function takeAlerts(c) {
      const alerts = readMessage(await json(c), new Date().toISOString());
      const [heartbeats, incidents] = [
        alerts.filter(isHeartbeat),
        alerts.filter((each) => !isHeartbeat(each)),
      ];
      const stored = inbox.take(incidents);
      const heard = heartbeats.find(({ status }) => status === "firing");
      if (heard) inbox.heard(heard.receivedAt);
      if (stored > 0) logger.info({ stored, of: incidents.length }, "alerts stored");
      return c.json({ received: alerts.length, stored, heartbeat: heard !== undefined });
    },
  );
  app.get("/api/alerts", function listAlerts(c) {
    const text = c.req.query("limit") ?? "100";
    const parsed = limit.safeParse(text);
    if (!parsed.success) throw new InvalidParamsError([{ field: "limit", value: text, rule: LIMIT_RULE }]);
    return c.json({
      alerts: inbox.recent(parsed.data),
      firing: inbox.firing(),
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

async function json(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    throw new InvalidParamsError([{ field: "body", value: "", rule: "must be JSON" }]);
  }
}

const tooLarge = (): Response =>
  problemResponse(new Problem("content-too-large", `A message may have ${MAX_BODY_BYTES} bytes.`));
