import {
  callBudgetMs,
  type HelloParams,
  type HelloResponseBody,
  parseHelloQuery,
  rawQuery,
} from "@lgtm-lab/contracts";
import { ConcurrencyLimiter, SHORT_REQUEST_LIMITS } from "@lgtm-lab/resilience";
import type { Context, Handler } from "hono";
import type { Call } from "../call.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { openHttpCall, type RouteOptions } from "./call.ts";
import { setServerTiming } from "./timing.ts";

/** Creates a greeting, or requests it from service A. */
export type Greet<Greeting = string> = (params: HelloParams, call: Call) => Promise<Greeting> | Greeting;

/**
 * `GET /a/hello?name=`, at the gateway, where `greet` calls service A, and at service A, where it creates the greeting.
 */
export const helloRoute = (lifecycle: Lifecycle, greet: Greet, options?: RouteOptions): Handler =>
  greetingRoute(lifecycle, greet, (c, message) => c.json<HelloResponseBody>({ from: "A", message }), options);

/** Like {@link helloRoute}, with greetings and responses of another form. */
export function greetingRoute<Greeting>(
  lifecycle: Lifecycle,
  greet: Greet<Greeting>,
  respond: (c: Context, greeting: Greeting) => Response,
  { check, inFlight = SHORT_REQUEST_LIMITS, timeoutMs }: RouteOptions = {},
): Handler {
  const limiter = new ConcurrencyLimiter(inFlight);
  return async function hello(c) {
    if (check) {
      using _ = limiter.reserve();
      const refusal = await check(c);
      if (refusal) return refusal;
    }
    const params = parseHelloQuery(rawQuery(c.req.url));
    using call = openHttpCall(c, lifecycle, callBudgetMs(undefined, timeoutMs));
    const turn = limiter.acquire(call);
    if (turn) await turn; // no await without a queue, which saves a microtask
    try {
      const greeting = await greet(params, call);
      setServerTiming(c, call);
      return respond(c, greeting);
    } finally {
      limiter.release();
    }
  };
}
