import { InvalidParamsError, readInteger, TIMEOUT_HEADER, timeoutMs } from "@lgtm-lab/contracts";
import type { Context } from "hono";
import { type Call, openCall } from "../call.ts";
import type { Lifecycle } from "../lifecycle.ts";

/**
 * Opens the call behind an HTTP request: it ends after its budget (milliseconds), or after what the caller allows in
 * `x-request-timeout-ms` if that is less, when the client leaves, or with our stop. Throws {@link InvalidParamsError}.
 */
export function openHttpCall(c: Context, lifecycle: Lifecycle, budgetMs: number): Call {
  const allowed = c.req.header(TIMEOUT_HEADER);
  const { cutOff } = lifecycle;
  return openCall({
    budgetMs: allowed === undefined ? budgetMs : Math.min(budgetMs, readTimeout(allowed)),
    client: c.req.raw.signal,
    cutOff,
  });
}

/** The raw query string of a request: what was sent, before any decoding. */
export function rawQuery(c: Context): string {
  const start = c.req.url.indexOf("?");
  return start < 0 ? "" : c.req.url.slice(start + 1);
}

function readTimeout(value: string): number {
  const parsed = timeoutMs.safeParse(readInteger(value));
  if (parsed.success) return parsed.data;
  const rule = parsed.error.issues[0]?.message ?? "";
  throw new InvalidParamsError([{ field: TIMEOUT_HEADER, value, rule }]);
}
