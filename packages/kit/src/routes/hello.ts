import { callBudgetMs, type HelloBody, type HelloParams, parseHelloQuery } from "@lgtm-lab/contracts";
import type { Handler } from "hono";
import type { Call } from "../call.ts";
import { IN_FLIGHT, InFlight } from "../http/in-flight.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { openHttpCall, rawQuery } from "./call.ts";
import { tellTiming } from "./timing.ts";

/**
 * `GET /a/hello?name=`: the same route at the gateway, where `greet` asks service A, and at service A's REST variant,
 * where it makes the greeting. At most `limits` requests are in flight.
 */
export function helloRoute(
  lifecycle: Lifecycle,
  greet: (params: HelloParams, call: Call) => Promise<string> | string,
  limits = IN_FLIGHT,
): Handler {
  const inFlight = new InFlight(limits);
  return async function hello(c) {
    const params = parseHelloQuery(rawQuery(c));
    using call = openHttpCall(c, lifecycle, callBudgetMs());
    const turn = inFlight.enter(call);
    if (turn) await turn;
    try {
      const message = await greet(params, call);
      tellTiming(c, call);
      return c.json<HelloBody>({ from: "A", message });
    } finally {
      inFlight.leave();
    }
  };
}
