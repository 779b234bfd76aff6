import { createHash } from "node:crypto";
import { callBudgetMs, type HelloParams, type HelloResponseBody } from "@lgtm-lab/contracts";
import {
  type Call,
  type CallEnded,
  type Greet,
  greetingRoute,
  type Lifecycle,
  openCall,
  Problem,
  type RouteOptions,
} from "@lgtm-lab/service-runtime";
import {
  addSpanEvent,
  Counter,
  Gauge,
  logger,
  registry,
  setSpanAttribute,
  traceId,
} from "@lgtm-lab/telemetry";
import type { Context, Handler } from "hono";
import { LRUCache } from "lru-cache";

const registers = [registry];

/** How many greetings are stored. One takes at most about 2 KB. */
const MAX_ENTRIES = 1_000;

/** A client's deadline may expire this much before the one of this program, because timers are inexact. */
const TIMER_TOLERANCE_MS = 20;

const requests = new Counter({
  name: "gateway_cache_requests_total",
  help: "Requests to a cached route: answered from the cache (hit), by a new request to the service (miss), or by a request that was already running (joined).",
  labelNames: ["http_route", "outcome"] as const,
  registers,
});
const OUTCOMES = ["hit", "miss", "joined"] as const;

/** The cache of each route, for the metric of its size. */
const caches = new Map<string, { readonly size: number }>();
new Gauge({
  name: "gateway_cache_entries",
  help: "Responses in the cache, at most 1000. Expired ones count until their place is needed.",
  labelNames: ["http_route"] as const,
  registers,
  collect() {
    this.reset(); // a route can lose its cache
    for (const [http_route, { size }] of caches) this.set({ http_route }, size);
  },
});

/** Keeps the size metric only for these routes: a changed file may have turned off the cache of others. */
export function keepCaches(routes: readonly { readonly path: string }[]): void {
  const kept = new Set(routes.map(({ path }) => path));
  for (const path of caches.keys()) if (!kept.has(path)) caches.delete(path);
}

/** A greeting with what all its responses have in common. */
interface Greeting {
  readonly body: string;
  readonly etag: string;
  /** When it was stored; undefined if it comes from service A. */
  readonly storedAt?: number;
}

/** The route of a cache, how long it stores a greeting, and how many. */
interface CacheOptions extends RouteOptions {
  readonly path: string;
  readonly maxAgeMs: number;
  readonly maxEntries?: number;
}

/**
 * `GET /a/hello` with a cache: a greeting is stored for `maxAgeMs`, keyed by its name. Only what service A
 * responded is stored, never an error or a fallback. The response depends on nothing else in the request. The rate
 * limit and the check of the access token come before the cache.
 *
 * Requests for a greeting that is being requested wait for it. Each keeps its own deadline and cancellation.
 */
export function cachedHelloRoute(
  lifecycle: Lifecycle,
  greet: Greet,
  { path: http_route, maxAgeMs, maxEntries = MAX_ENTRIES, ...options }: CacheOptions,
): Handler {
  const stored = new LRUCache<string, Greeting>({ max: maxEntries, ttl: maxAgeMs });
  const running = new Map<string, SharedRequest>();
  for (const outcome of OUTCOMES) requests.inc({ http_route, outcome }, 0);
  caches.set(http_route, stored);

  const cachedGreet: Greet<Greeting> = (params, call) => {
    const greeting = stored.get(params.name);
    const other = greeting ? undefined : running.get(params.name);
    recordOutcome(http_route, greeting ? "hit" : other ? "joined" : "miss");
    if (other?.traceId) addSpanEvent("cache.joined", { trace_id: other.traceId });
    return greeting ?? requestGreeting(params, call);
  };

  async function requestGreeting(params: HelloParams, call: Call): Promise<Greeting> {
    const other = running.get(params.name);
    if (!other) return startRequest(params).responseFor(call);
    try {
      return await other.responseFor(call, { isOwn: false });
    } catch (error) {
      // The other request began earlier, so its deadline was earlier than the one of this call.
      if (other.isLate && !call.ended) return requestGreeting(params, call);
      throw error;
    }
  }

  function startRequest(params: HelloParams): SharedRequest {
    const { name } = params;
    const request = new SharedRequest(lifecycle, options.timeoutMs, async (call) =>
      store(name, await greet(params, call)),
    );
    running.set(name, request);
    request.onEnd(() => {
      if (running.get(name) === request) running.delete(name);
    });
    return request;
  }

  function store(name: string, message: string): Greeting {
    const body = JSON.stringify({ from: "A", message } satisfies HelloResponseBody);
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    stored.set(name, { body, etag, storedAt: performance.now() });
    return { body, etag };
  }

  return greetingRoute(lifecycle, cachedGreet, (c, greeting) => respond(c, greeting, maxAgeMs), options);
}

/**
 * A request to service A for one or more calls. It has its own deadline, the usual time from its start, so that the
 * deadline of one call does not end it for the others. It is cancelled when no call waits for it any more.
 */
class SharedRequest {
  /** The trace that has the request to service A. */
  readonly traceId = traceId();
  readonly #call: Call;
  readonly #greeting: Promise<Greeting>;
  #waiting = 0;
  #cancel = () => {};

  constructor(lifecycle: Lifecycle, timeoutMs: number | undefined, send: (call: Call) => Promise<Greeting>) {
    this.#call = openCall({
      budgetMs: callBudgetMs(undefined, timeoutMs),
      client: (disconnected) => {
        this.#cancel = disconnected;
      },
      shutdownSignal: lifecycle.shutdownSignal,
    });
    this.#greeting = send(this.#call).finally(() => this.#call[Symbol.dispose]());
  }

  /** Whether its deadline has passed, or passes so soon that timers of other programs may already have expired. */
  get isLate(): boolean {
    return this.#call.remainingMs() <= TIMER_TOLERANCE_MS;
  }

  /** Runs a function when the request has a result or has ended. */
  onEnd(ended: () => void): void {
    this.#call.onEnded(ended);
    this.#greeting.then(ended, ended);
  }

  /** Returns the response, or throws if the request fails or the call ends first. `isOwn`: the call began it. */
  async responseFor(call: Call, { isOwn = true } = {}): Promise<Greeting> {
    this.#waiting += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Greeting>();
    call.onEnded((ended) => {
      this.#waiting -= 1;
      // At its own deadline it ends itself, so that a circuit breaker sees that the instance is too slow.
      if (this.#waiting === 0 && !this.isLate) this.#cancel();
      reject(errorOf(ended));
    });
    this.#greeting.then(resolve, reject);
    const greeting = await promise;
    if (isOwn && this.#call.upstreamCost) call.upstreamCost = this.#call.upstreamCost;
    return greeting;
  }
}

/** The error of a call that ends while it waits, as without a cache. */
const errorOf = (ended: CallEnded): Error =>
  ended.reason === "deadline"
    ? new Problem("backend-too-slow", "service-a did not respond in time.", { cause: ended })
    : ended;

/** Makes visible how a request was answered. The log line has the level debug, because each request has a line anyway. */
function recordOutcome(http_route: string, outcome: (typeof OUTCOMES)[number]): void {
  requests.inc({ http_route, outcome });
  setSpanAttribute("lab.cache", outcome);
  logger.debug({ route: http_route, outcome }, "cache used");
}

/**
 * Responds with the greeting, or with 304 if the client already has it. Only the client may store the response, because
 * headers such as `x-trace-id` and `RateLimit` belong to its request. A response to a request with `Authorization` must not
 * be used again, also not by the same browser, before this gateway has checked the next request.
 */
function respond(c: Context, { body, etag, storedAt }: Greeting, maxAgeMs: number): Response {
  const isAuthorized = c.req.header("authorization") !== undefined;
  const headers = {
    etag,
    "cache-control": isAuthorized ? "private, no-cache" : `private, max-age=${Math.floor(maxAgeMs / 1000)}`,
    ...(storedAt !== undefined && { age: `${Math.floor((performance.now() - storedAt) / 1000)}` }),
  };
  if (isKnown(etag, c.req.header("if-none-match"))) return c.body(null, 304, headers);
  return c.body(body, 200, { ...headers, "content-type": "application/json" });
}

/** Compares as RFC 9110 requires for `If-None-Match`: `W/` has no meaning, and `*` is any tag. */
const isKnown = (etag: string, ifNoneMatch = ""): boolean =>
  ifNoneMatch.split(",").some((each) => ["*", etag].includes(each.trim().replace(/^W\//, "")));
