import type { Context } from "hono";
import type { Call } from "../call.ts";
import { setResponseHeader } from "../http/response-header.ts";

/**
 * Sets `Server-Timing` if the call used another service: the total and upstream milliseconds, and the bytes sent and
 * received (docs/request-cost.md). Call it when the result is known.
 */
export function setServerTiming(c: Context, call: Call): void {
  const { upstreamCost } = call;
  if (!upstreamCost) return;
  const { protocol, ms, sent, received } = upstreamCost;
  setResponseHeader(
    c,
    "server-timing",
    `total;dur=${rounded(call.elapsedMs())}, upstream;dur=${rounded(ms)};desc="${protocol}", sent;desc="${sent}", received;desc="${received}"`,
  );
}

/** Returns the same data as an event, for event streams, whose headers are sent first. */
export function timingEvent(call: Call): { event: string; data: string } | undefined {
  const { upstreamCost } = call;
  if (!upstreamCost) return undefined;
  const { protocol, ms, sent, received } = upstreamCost;
  const times = { total_ms: rounded(call.elapsedMs()), upstream_ms: rounded(ms) };
  return { event: "timing", data: JSON.stringify({ ...times, protocol, sent, received }) };
}

/** Rounds to microseconds. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;
