import { AsyncLocalStorage } from "node:async_hooks";
import { type HelloFallbackBody, type ProblemKind, parseHelloQuery, rawQuery } from "@lgtm-lab/contracts";
import { Problem } from "@lgtm-lab/service-runtime";
import { addSpanEvent, Counter, logger, registry, setSpanAttribute } from "@lgtm-lab/telemetry";
import type { Handler } from "hono";
import { addressOf, clientHeaderOf } from "../client-identity.ts";
import type { Env } from "../env.ts";
import type { Route } from "../routing/table.ts";

/**
 * Adds to a handler what its route and the settings require: the fallback, the number of retries, and the identity of the
 * client for the balancing.
 */
export function decorateRoute(handler: Handler, route: Route, env: Env): Handler {
  const [balancing, key, fallback] =
    route.upstream === "service-a"
      ? [env.SERVICE_A_BALANCING, env.SERVICE_A_BALANCING_KEY, env.HELLO_FALLBACK === "on"]
      : [env.SERVICE_B_BALANCING, env.SERVICE_B_BALANCING_KEY, false];
  const isKeyed = balancing === "hash" || balancing === "sticky";
  const hasRetries = route.retries !== env.UPSTREAM_RETRIES;
  const decorated =
    isKeyed || hasRetries
      ? withRequestRules(handler, {
          clientKeySource: isKeyed ? (key ?? env.BALANCING_KEY) : undefined,
          retries: hasRetries ? route.retries : undefined,
        })
      : handler;
  return fallback ? withFallback(decorated, route.path) : decorated;
}

/** What the clients of A and B need to know about the request that they make a call for. */
interface RequestRules {
  readonly clientKey: string;
  readonly retries: number | undefined;
}
const rules = new AsyncLocalStorage<RequestRules>();

/** Identifies the client of the current request for the algorithms `hash` and `sticky`. */
export const clientKey = (): string => rules.getStore()?.clientKey ?? "";

/** Returns the number of retries of the current request, if its route differs from the settings. */
export const routeRetries = (): number | undefined => rules.getStore()?.retries;

/**
 * The client is identified by its address, or by a header of the request (`clientKeySource`). A request without the header
 * is identified by the address.
 */
function withRequestRules(
  handler: Handler,
  { clientKeySource: source, retries }: { clientKeySource: string | undefined; retries: number | undefined },
): Handler {
  return (c, next) => {
    const clientKey = source === undefined ? "" : (clientHeaderOf(c, source) ?? addressOf(c));
    return rules.run({ clientKey, retries }, () => handler(c, next));
  };
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
function withFallback(handler: Handler, http_route: string): Handler {
  fallbacks.inc({ http_route }, 0);
  return async (c, next) => {
    try {
      return await handler(c, next);
    } catch (error) {
      if (!(error instanceof Problem) || !FAILURES.has(error.kind)) throw error;
      const reason = error.message;
      fallbacks.inc({ http_route });
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
