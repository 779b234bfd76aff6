import {
  callBudgetMs,
  type HelloParams,
  type HelloResponseBody,
  parseHelloQuery,
  rawQuery,
} from "@lgtm-lab/contracts";
import { ConcurrencyLimiter, SHORT_REQUEST_LIMITS } from "@lgtm-lab/resilience";
import type { Handler } from "hono";
import type { Call } from "../call.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { openHttpCall } from "./call.ts";
import { setServerTiming } from "./timing.ts";

/**
 * `GET /a/hello?name=`, at the gateway, where `greet` calls service A, and at service A, where it creates the greeting.
 * `limits` bounds the requests in flight.
 */
export function helloRoute(
  lifecycle: Lifecycle,
  greet: (params: HelloParams, call: Call) => Promise<string> | string,
  limits = SHORT_REQUEST_LIMITS,
): Handler {
  const limiter = new ConcurrencyLimiter(limits);
  return async function hello(c) {
    const params = parseHelloQuery(rawQuery(c.req.url));
    using call = openHttpCall(c, lifecycle, callBudgetMs());
    const turn = limiter.acquire(call);
    if (turn) await turn; // no await without a queue, which saves a microtask
    try {
      const message = await greet(params, call);
      setServerTiming(c, call);
      return c.json<HelloResponseBody>({ from: "A", message });
    } finally {
      limiter.release();
    }
  };
}
