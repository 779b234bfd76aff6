import assert from "node:assert/strict";
import { test } from "node:test";
import { heartbeatResult } from "./alerts.ts";
import { parseSamples } from "./http.ts";

const START = Date.parse("2026-11-28T04:00:00Z");
const MINUTE = 60_000;
const at = (minutes: number): string => new Date(START + minutes * MINUTE).toISOString();
const page = (requests: number, failed: number) =>
  parseSamples(`alertmanager_notification_requests_total{integration="email"} 0
alertmanager_notification_requests_total{integration="webhook"} ${requests}
alertmanager_notification_requests_failed_total{integration="webhook"} ${failed}
process_start_time_seconds ${START / 1000}`);

const CASES = [
  ["received a moment ago", at(9.5), 10, 1, 10, "ok", /received 30 s ago; 9 of 10 requests/],
  ["just started", null, 0, 0, 0.5, "ok", /just started/],
  ["received only by the previous stack", at(-60), 0, 0, 0.5, "ok", /just started/],
  ["never received", null, 0, 0, 10, "broken", /no heartbeat for 600 s/],
  ["no longer received", at(2), 10, 1, 10, "broken", /no heartbeat for 480 s; 9 of 10/],
  ["no request has ever succeeded", null, 3, 3, 1, "broken", /all 3 requests failed/],
] as const;
for (const [what, lastSeenAt, requests, failed, now, state, words] of CASES)
  test(`Alertmanager → console: ${what}`, () => {
    const result = heartbeatResult(lastSeenAt, page(requests, failed), START + now * MINUTE);
    assert.equal(result.state, state);
    assert.match(result.state === "ok" ? result.detail : (result.problems[0]?.cause ?? ""), words);
  });
