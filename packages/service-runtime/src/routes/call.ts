import { EventEmitter } from "node:events";
import type { Http2ServerResponse } from "node:http2";
import type { HttpBindings } from "@hono/node-server";
import { InvalidParamsError, readInteger, TIMEOUT_HEADER, timeoutMs } from "@lgtm-lab/contracts";
import type { ConcurrencyLimits } from "@lgtm-lab/resilience";
import type { Context } from "hono";
import * as v from "valibot";
import { type Call, openCall } from "../call.ts";
import type { Lifecycle } from "../lifecycle.ts";

/**
 * Checks a request, for example its access token. Returns a response if it refuses the request. Invalid parameters are
 * reported only after it.
 */
export type RequestCheck = (c: Context) => Promise<Response | undefined> | undefined;

/** What a route requires of its requests, and its limits. */
export interface RouteOptions {
  /** A request that is checked counts as waiting. An overloaded route rejects requests without the check. */
  readonly check?: RequestCheck | undefined;
  /** Bounds the requests in flight. */
  readonly inFlight?: ConcurrencyLimits | undefined;
  /** Bounds the streams and long requests in flight. */
  readonly longInFlight?: ConcurrencyLimits | undefined;
  /** Milliseconds until the deadline, in addition to the requested duration of a stream. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Opens the call of an HTTP request. It ends after `budgetMs` or the time in `x-request-timeout-ms`, whichever is less,
 * when the client disconnects, or when the service stops. Throws {@link InvalidParamsError}.
 */
export function openHttpCall(c: Context, lifecycle: Lifecycle, budgetMs: number): Call {
  const timeout = c.req.header(TIMEOUT_HEADER);
  const { shutdownSignal } = lifecycle;
  return openCall({
    budgetMs: timeout === undefined ? budgetMs : Math.min(budgetMs, parseTimeout(timeout)),
    client: (disconnected) => onClientDisconnect(c, disconnected),
    shutdownSignal,
  });
}

/** Node's response reports a disconnect first. With `app.request()`, which tests use, only the request has a signal. */
function onClientDisconnect(c: Context, disconnected: () => void): void {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  const { stream } = (outgoing ?? {}) as Partial<Http2ServerResponse>;
  if (!outgoing) c.req.raw.signal.addEventListener("abort", disconnected);
  else if (outgoing.destroyed || stream?.destroyed) disconnected();
  // Not outgoing.on(), because an instrumentation may wrap its listeners to restore the trace, which is not needed.
  else EventEmitter.prototype.on.call(outgoing, "close", disconnected);
}

function parseTimeout(value: string): number {
  const parsed = v.safeParse(timeoutMs, readInteger(value));
  if (parsed.success) return parsed.output;
  const rule = parsed.issues[0].message;
  throw new InvalidParamsError([{ field: TIMEOUT_HEADER, value, rule }]);
}
