import * as v from "valibot";

/**
 * The state of a gateway, as `GET /gateway` at its fault admin port returns it: its routes as they are configured, and
 * the instances behind it. `null` means that a mechanism is off, or that a value is not known. It contains no secrets.
 */
const instance = v.object({
  /** As in the label `address` of the gateway's metrics. */
  address: v.string(),
  breaker: v.nullable(v.picklist(["closed", "half-open", "open"])),
  ejected: v.nullable(v.boolean()),
  active_calls: v.nullable(v.number()),
  /** The mean latency of the recent calls, by which the algorithm least-time chooses. */
  latency_ms: v.nullable(v.number()),
});

const upstream = v.object({
  name: v.string(),
  /** The algorithm; null if the gateway has a single address, which it always calls. */
  balancing: v.nullable(v.string()),
  instances: v.array(instance),
  /** Whether the gateway calls it with TLS. */
  tls: v.optional(v.boolean()),
});

/** How many requests of a route may run and wait at the same time. */
const limits = v.object({ running: v.number(), waiting: v.number() });

const route = v.object({
  path: v.string(),
  methods: v.array(v.string()),
  upstream: v.string(),
  timeout_ms: v.number(),
  /** Whether the time that a stream takes by its parameters is added to the timeout. */
  adds_stream_time: v.boolean(),
  retries: v.nullable(v.number()),
  limits,
  /** The separate limits of streams and long requests. */
  stream_limits: v.nullable(limits),
  rate_limit: v.nullable(v.object({ per_second: v.number(), burst: v.number(), key: v.string() })),
  cache_ms: v.nullable(v.number()),
  fallback: v.boolean(),
  /** The scope that an access token needs; null if tokens are not checked. */
  scope: v.nullable(v.string()),
});

/** Schema of the state of a gateway. */
export const gatewayState = v.object({
  protocol: v.picklist(["grpc", "rest"]),
  upstreams: v.array(upstream),
  routes: v.array(route),
});

/** The state of a gateway. */
export type GatewayState = v.InferOutput<typeof gatewayState>;
/** An instance of a service, as a gateway sees it. */
export type GatewayInstance = v.InferOutput<typeof instance>;
/** A route of a gateway. */
export type GatewayRoute = v.InferOutput<typeof route>;
