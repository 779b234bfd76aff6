import { AsyncLocalStorage } from "node:async_hooks";
import { type HelloFallbackBody, type ProblemKind, parseHelloQuery, rawQuery } from "@lgtm-lab/contracts";
import { Problem } from "@lgtm-lab/service-runtime";
import { addSpanEvent, Counter, logger, registry, setSpanAttribute } from "@lgtm-lab/telemetry";
import type { Handler } from "hono";
import { addressOf, clientHeaderOf } from "../client.ts";
import type { Env } from "../env.ts";

/** The handlers of the gateway's routes to A and B. */
export interface RouteHandlers {
  readonly hello: Handler;
  readonly numbers: Handler;
}

/** Adds to the handlers what the settings require: the fallback, and the identity of the client for the balancing. */
export function decorateRoutes({ hello, numbers }: RouteHandlers, env: Env): RouteHandlers {
  const fallback = env.HELLO_FALLBACK === "on" ? withFallback : undefined;
  const keyed = (balancing: Env["SERVICE_A_BALANCING"]) =>
    balancing === "hash" || balancing === "sticky"
      ? (handler: Handler) => withClientKey(handler, env.BALANCING_KEY)
      : undefined;
  const decorate = (handler: Handler, ...wrappers: (((each: Handler) => Handler) | undefined)[]) =>
    wrappers.reduce((each, wrap) => wrap?.(each) ?? each, handler);
  return {
    hello: decorate(hello, keyed(env.SERVICE_A_BALANCING), fallback),
    numbers: decorate(numbers, keyed(env.SERVICE_B_BALANCING)),
  };
}

const keys = new AsyncLocalStorage<string>();

/** Identifies the client of the current request for the algorithms `hash` and `sticky`. */
export const clientKey = (): string => keys.getStore() ?? "";

/** The client's address, or a header of the request. A request without the header is identified by the address. */
function withClientKey(handler: Handler, source: string): Handler {
  return (c, next) => keys.run(clientHeaderOf(c, source) ?? addressOf(c), () => handler(c, next));
}

const fallbacks = new Counter({
  name: "gateway_fallbacks_total",
  help: "Requests that were answered with a fallback because the service failed.",
  labelNames: ["http_route"] as const,
  registers: [registry],
});

/** Failures of service A. A request that the gateway itself rejects or ends has no fallback. */
const FAILURES: ReadonlySet<ProblemKind> = new Set(["backend-down", "backend-broken", "backend-too-slow"]);

/** The header that marks a fallback. */
export const FALLBACK_HEADER = "x-lab-fallback";

/** Answers with a greeting of the gateway if service A fails. Its body and a header say so. */
function withFallback(handler: Handler): Handler {
  fallbacks.inc({ http_route: "/a/hello" }, 0);
  return async (c, next) => {
    try {
      return await handler(c, next);
    } catch (error) {
      if (!(error instanceof Problem) || !FAILURES.has(error.kind)) throw error;
      const reason = error.message;
      fallbacks.inc({ http_route: "/a/hello" });
      setSpanAttribute("lab.fallback", true);
      addSpanEvent("upstream.fallback", { upstream: "service-a", reason });
      logger.warn({ upstream: "service-a", reason, err: error }, "fallback sent");
      const { name } = parseHelloQuery(rawQuery(c.req.url));
      c.header(FALLBACK_HEADER, "true");
      return c.json<HelloFallbackBody>({
        from: "gateway",
        message: `Olá, ${name}! [fallback]`,
        fallback: true,
      });
    }
  };
}
