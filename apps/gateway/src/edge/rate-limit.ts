import { createHash, createHmac, randomBytes } from "node:crypto";
import { Problem, problemResponse, setResponseHeader, withoutStackTrace } from "@lgtm-lab/service-runtime";
import { addSpanEvent, Counter, Gauge, logger, registry, setSpanAttribute } from "@lgtm-lab/telemetry";
import type { Context, MiddlewareHandler } from "hono";
import { LRUCache } from "lru-cache";
import { addressOf, clientHeaderOf } from "../client-identity.ts";
import type { Env } from "../env.ts";
import { defaultRate, type Rate, type Route } from "../routing/table.ts";

/** How many clients of a route are remembered. One takes about 200 bytes. */
const MAX_CLIENTS = 10_000;

/** Rounding errors of times in milliseconds. */
const EPSILON_MS = 1e-6;

const steadyMs = (): number => performance.now();

/** Whether a request is allowed, and what its client may send next. */
export interface RateDecision {
  readonly allowed: boolean;
  /** How many more requests the client may send at once. */
  readonly remaining: number;
  /** Milliseconds until it may send one more than `remaining`. */
  readonly waitMs: number;
  /** Whether the client shares a bucket with others, because too many clients are remembered. */
  readonly shared: boolean;
}

/**
 * A token bucket for each client. A bucket is a single number: the time at which it is full again.
 *
 * A full bucket can be forgotten, because a new one is full too. If the table is full and its least recently used bucket
 * is not, further clients share one bucket. So a client that invents identities gets at most the rates of the clients that
 * are remembered, and does not reset its own bucket.
 */
export class TokenBuckets {
  readonly #burst: number;
  /** Milliseconds in which a bucket gets one token. */
  readonly #intervalMs: number;
  readonly #fullAt: LRUCache<string, number>;
  readonly #now: () => number;
  #sharedFullAt = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, burst }: Rate, { maxClients = MAX_CLIENTS, now = steadyMs } = {}) {
    this.#burst = burst;
    this.#intervalMs = 1000 / perSecond;
    this.#fullAt = new LRUCache({ max: maxClients });
    this.#now = now;
  }

  /** The number of clients that are remembered. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** Takes a token of a client's bucket, if it has one. */
  take(client: string): RateDecision {
    const now = this.#now();
    const known = this.#fullAt.get(client);
    const shared = known === undefined && !this.#hasRoom(now);
    const before = Math.max(now, shared ? this.#sharedFullAt : (known ?? now));
    const after = before + this.#intervalMs;
    const allowed = after - now <= this.#burst * this.#intervalMs + EPSILON_MS;
    if (allowed && shared) this.#sharedFullAt = after;
    else if (allowed) this.#fullAt.set(client, after);
    const tokens = this.#burst - ((allowed ? after : before) - now) / this.#intervalMs;
    const remaining = Math.max(0, Math.floor(tokens + EPSILON_MS));
    return { allowed, remaining, waitMs: (remaining + 1 - tokens) * this.#intervalMs, shared };
  }

  /** Whether a further client can be remembered. If the table is full, the LRU cache would forget its oldest entry. */
  #hasRoom(now: number): boolean {
    if (this.#fullAt.size < this.#fullAt.max) return true;
    const oldest = this.#fullAt.rkeys().next().value;
    return oldest === undefined || (this.#fullAt.peek(oldest) ?? now) <= now;
  }
}

const limited = new Counter({
  name: "gateway_rate_limited_total",
  help: "Requests that were rejected because of the rate limit. The bucket is the client's own, or shared by clients that are not remembered.",
  labelNames: ["http_route", "bucket"] as const,
  registers: [registry],
});

/** The clients of each route, for the metric of their number. */
const tables = new Map<string, TokenBuckets>();
new Gauge({
  name: "gateway_rate_limit_clients",
  help: "Clients whose rate is remembered, at most 10000 for each route.",
  labelNames: ["http_route"] as const,
  registers: [registry],
  collect() {
    this.reset(); // routes can be removed
    for (const [http_route, { size }] of tables) this.set({ http_route }, size);
  },
});

/** All other paths together, as in the metrics of requests. */
const UNMATCHED = "unmatched";

/** The settings of the rate limit. */
type RateSettings = Pick<Env, "RATE_LIMIT" | "RATE_LIMIT_BURST" | "RATE_LIMIT_KEY">;

/** The clock of the buckets, and what writes rejected requests to the audit log, if there is one. */
interface RateOptions {
  readonly now?: () => number;
  readonly audit?: typeof import("./auth.ts").audit | undefined;
}

/**
 * Limits the rate of each client and route, before any other work. Adds `RateLimit` and `RateLimit-Policy` to every
 * response of a limited route (draft-ietf-httpapi-ratelimit-headers), and responds with 429 and `Retry-After` to a client
 * that has no token. The rate in the settings is that of `/` and of all paths without a route.
 */
export function rateLimit(
  routes: readonly Pick<Route, "path" | "rate" | "scope">[],
  settings: RateSettings,
  { now = steadyMs, audit }: RateOptions = {},
): MiddlewareHandler {
  tables.clear();
  const rest = defaultRate(settings);
  const limits = new Map([
    ["/", limitOf("/", rest, now)],
    ...routes.map(({ path, rate }) => [path, limitOf(path, rate, now)] as const),
  ]);
  const others = limitOf(UNMATCHED, rest, now);

  return async function rateLimit(c, next) {
    const limit = limits.has(c.req.path) ? limits.get(c.req.path) : others;
    if (!limit) return next();
    const { clients, report, policy, rule } = limit;
    const client = clientOf(c, settings.RATE_LIMIT_KEY);
    const { allowed, remaining, waitMs, shared } = clients.take(client);
    const seconds = Math.max(1, Math.ceil(Math.round(waitMs) / 1000)); // rounded, because 1000.0000002 ms are one second
    setResponseHeader(c, "RateLimit-Policy", policy);
    setResponseHeader(c, "RateLimit", `"default";r=${remaining};t=${seconds}`);
    if (allowed) return next();
    report(client, shared);
    const route = audit && routes.find(({ path }) => path === c.req.path);
    if (route) audit?.(c, route, "rate_limited");
    return problemResponse(
      withoutStackTrace(
        () => new Problem("rate-limited", `Too many requests: ${rule}. Try again in ${seconds} s.`),
      ),
      { "retry-after": String(seconds) },
    );
  };
}

/** The rate limit of a path, or of all paths without a route. */
interface Limit {
  readonly clients: TokenBuckets;
  readonly report: (client: string, shared: boolean) => void;
  /** The value of `RateLimit-Policy`. */
  readonly policy: string;
  /** The limit in words. */
  readonly rule: string;
}

/** Returns the limit of a path; undefined if it has none. */
function limitOf(path: string, rate: Rate | undefined, now: () => number): Limit | undefined {
  if (!rate) return undefined;
  const { perSecond, burst } = rate;
  const clients = new TokenBuckets(rate, { now });
  tables.set(path, clients);
  // The window in which a client can use all of a burst; the quota is what the bucket gets in this time.
  const windowS = Math.ceil(burst / perSecond);
  return {
    clients,
    report: reporterOf(path, now),
    policy: `"default";q=${perSecond * windowS};w=${windowS}`,
    rule: `at most ${perSecond} a second and ${burst} at once for each client and route`,
  };
}

/** A longer header is replaced by its hash, because clients choose it and it stays in memory. */
const MAX_KEY_LENGTH = 64;

/** Identifies the client. The key of a header begins with `=`, so that it is never the one of an address. */
function clientOf(c: Context, setting: string): string {
  const header = clientHeaderOf(c, setting);
  if (header === undefined) return networkOf(addressOf(c));
  return `=${header.length > MAX_KEY_LENGTH ? hashOf(header) : header}`;
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");

/**
 * Returns an IPv4 address as it is, and of an IPv6 address the first 64 bits: a single machine usually has all addresses
 * with these.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [start = "", end] = address.split("::");
  const groups = start === "" ? [] : start.split(":");
  // `::` stands for all groups that are missing of the eight.
  const following = end === undefined || end === "" ? 0 : end.split(":").length;
  while (end !== undefined && groups.length + following < 8) groups.push("0");
  return `${[...groups, ...(end?.split(":") ?? [])].slice(0, 4).join(":")}::/64`;
}

/** Milliseconds between two log lines about limited requests of a route, because a flood must not fill the log. */
const LINE_INTERVAL_MS = 1_000;

/** Returns the function that makes a rejected request visible: as a metric, on its span, and in the log. */
function reporterOf(route: string, now: () => number): (client: string, shared: boolean) => void {
  for (const bucket of ["client", "shared"]) limited.inc({ http_route: route, bucket }, 0);
  let rejected = 0;
  let lastLineAt = Number.NEGATIVE_INFINITY;
  return (client, shared) => {
    const bucket = shared ? "shared" : "client";
    limited.inc({ http_route: route, bucket });
    setSpanAttribute("lab.rate_limited", true);
    addSpanEvent("edge.rate_limited", { bucket });
    rejected += 1;
    if (now() - lastLineAt < LINE_INTERVAL_MS) return;
    logger.warn({ route, client: shown(client), bucket, rejected }, "requests are limited");
    rejected = 0;
    lastLineAt = now();
  };
}

/** A header can be a secret, so the log has a hash of it. Without this key, the value cannot be guessed from the log. */
const hashKey = randomBytes(32);
const shown = (client: string): string =>
  client.startsWith("=")
    ? `hmac:${createHmac("sha256", hashKey).update(client).digest("base64url").slice(0, 12)}`
    : client;
