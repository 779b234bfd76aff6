import { type InternalServiceName, SERVICES } from "@lgtm-lab/contracts";
import type { ConcurrencyLimits } from "@lgtm-lab/resilience";
import type { Env } from "../env.ts";

/** The services that a route can lead to. */
export const UPSTREAMS = ["service-a", "service-b"] as const satisfies readonly InternalServiceName[];

/** The methods that a route can have. */
export const METHODS = ["GET", "HEAD"] as const;

/** What a client may send: `perSecond` requests a second on average, and up to `burst` at once after a pause. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A route of the gateway: which service answers its requests, and by which rules. */
export interface Route {
  readonly path: string;
  readonly upstream: (typeof UPSTREAMS)[number];
  readonly methods: readonly (typeof METHODS)[number][];
  /** Milliseconds until the deadline, in addition to the requested duration of a stream. Undefined: the default. */
  readonly timeoutMs?: number | undefined;
  /** Retries of a failed call. */
  readonly retries: number;
  /** The rate of each client. Undefined: not limited. */
  readonly rate?: Rate | undefined;
  /** The requests in flight. Undefined: the default. */
  readonly inFlight?: ConcurrencyLimits | undefined;
  /** How long a response is stored, in milliseconds; 0: not at all. */
  readonly cacheMs: number;
  /** The scope that an access token must have. Undefined: no token is required. */
  readonly scope?: string | undefined;
}

/** Returns the rate limit of the settings; undefined if it is off. */
export const defaultRate = (env: Pick<Env, "RATE_LIMIT" | "RATE_LIMIT_BURST">): Rate | undefined =>
  env.RATE_LIMIT > 0
    ? { perSecond: env.RATE_LIMIT, burst: env.RATE_LIMIT_BURST || env.RATE_LIMIT }
    : undefined;

/** Returns the defaults of the routes to a service, from the environment variables. */
export function routeDefaults(upstream: Route["upstream"], env: Env): Omit<Route, "path"> {
  return {
    upstream,
    methods: METHODS,
    retries: env.UPSTREAM_RETRIES,
    rate: defaultRate(env),
    cacheMs: upstream === "service-a" ? env.HELLO_CACHE_MS : 0,
    scope: env.AUTH_ISSUER ? SERVICES[upstream].scope : undefined,
  };
}

/** Returns the routes of a gateway without a routes file: the two of the API, with the defaults. */
export const defaultRoutes = (env: Env): Route[] =>
  UPSTREAMS.map((upstream) => ({ path: SERVICES[upstream].route, ...routeDefaults(upstream, env) }));
