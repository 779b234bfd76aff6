import {
  CALL_GRACE_MS,
  type GatewayInstance,
  type GatewayRoute,
  type GatewayState,
} from "@lgtm-lab/contracts";
import { LONG_REQUEST_LIMITS, SHORT_REQUEST_LIMITS } from "@lgtm-lab/resilience";
import type { InstanceState } from "@lgtm-lab/resilience/instances";
import { addressesOf, type Env, isResilient } from "./env.ts";
import { type Route, UPSTREAMS } from "./routing/table.ts";

/** Returns a function that describes the gateway as it is now: its routes, and the instances behind it. */
export async function gatewayStateReader(
  env: Env,
  routes: () => readonly Route[],
): Promise<() => GatewayState> {
  // Loaded only if a mechanism is on, like all of its code.
  const instanceStates = isResilient(env)
    ? (await import("./resilience/decisions.ts")).instanceStates
    : undefined;
  const addresses = addressesOf(env);
  const balancing = [env.SERVICE_A_BALANCING, env.SERVICE_B_BALANCING];
  return () => ({
    protocol: env.protocol,
    upstreams: UPSTREAMS.map((name, index) => ({
      name,
      balancing: (instanceStates && balancing[index]) ?? null,
      instances: instanceStates
        ? instanceStates(name).map((state) => describeInstance(state, env))
        : (addresses[index] ?? []).map(unknownState),
      tls: env.upstreamTls !== undefined,
    })),
    routes: routes().map((route) => describeRoute(route, env)),
  });
}

const unknownState = (address: string): GatewayInstance => ({
  address: withoutUser(address),
  breaker: null,
  ejected: null,
  active_calls: null,
  latency_ms: null,
});

function describeInstance(
  { name, breaker, ejected, running, latencyMs }: InstanceState,
  env: Env,
): GatewayInstance {
  const canBeEjected = env.UPSTREAM_EJECTION_FAILURES > 0 || env.UPSTREAM_HEALTH_CHECK_MS > 0;
  return {
    address: withoutUser(name),
    breaker: env.UPSTREAM_BREAKER_FAILURES > 0 ? breaker : null,
    ejected: canBeEjected ? ejected : null,
    active_calls: running,
    latency_ms: Math.round(latencyMs * 100) / 100 || null, // it falls to 0 without calls
  };
}

/** An http address can contain a user and a password. */
const withoutUser = (address: string): string => address.replace(/^([a-z]+:\/*)?[^/]*@/i, "$1");

function describeRoute(route: Route, env: Env): GatewayRoute {
  const { path, upstream, rate, scope } = route;
  const isStream = upstream === "service-b";
  return {
    path,
    methods: [...route.methods],
    upstream,
    timeout_ms: route.timeoutMs ?? CALL_GRACE_MS,
    adds_stream_time: isStream,
    retries: route.retries || null,
    limits: limitsOf(route.inFlight ?? SHORT_REQUEST_LIMITS),
    stream_limits: isStream ? limitsOf(LONG_REQUEST_LIMITS) : null,
    rate_limit: rate ? { per_second: rate.perSecond, burst: rate.burst, key: env.RATE_LIMIT_KEY } : null,
    cache_ms: route.cacheMs || null,
    fallback: upstream === "service-a" && env.HELLO_FALLBACK === "on",
    scope: scope ?? null,
  };
}

const limitsOf = ({ running, waiting }: typeof SHORT_REQUEST_LIMITS) => ({ running, waiting });
