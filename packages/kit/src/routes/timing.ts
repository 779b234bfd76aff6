import type { Context } from "hono";
import type { Call } from "../call.ts";

/**
 * Tells in `Server-Timing` what a call has cost, where another service was asked for it: milliseconds in all and upstream,
 * and the bytes that went there and came back (docs/services.md). Call it when the answer is known.
 */
export function tellTiming(c: Context, call: Call): void {
  const { upstream } = call;
  if (!upstream) return;
  const { protocol, ms, sent, received } = upstream;
  c.header(
    "server-timing",
    `total;dur=${rounded(call.elapsedMs())}, upstream;dur=${rounded(ms)};desc="${protocol}", sent;desc="${sent}", received;desc="${received}"`,
  );
}

/** The same as the data of an event, for answers whose headers went first. */
export function timingEvent(call: Call): { event: string; data: string } | undefined {
  const { upstream } = call;
  if (!upstream) return undefined;
  const { protocol, ms, sent, received } = upstream;
  const times = { total_ms: rounded(call.elapsedMs()), upstream_ms: rounded(ms) };
  return { event: "timing", data: JSON.stringify({ ...times, protocol, sent, received }) };
}

/** To the microsecond. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;
