// First, as in `register`: later imports of @grpc/grpc-js must find it patched.
import "../../../../packages/telemetry/src/tracing/instrumentations.ts";
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { PROTOCOLS, problemDocument } from "@lgtm-lab/contracts";
import { createHttpApp, get, helloRoute, Lifecycle, startHttpServer } from "@lgtm-lab/service-runtime";
import { withoutTracing } from "@lgtm-lab/telemetry";
import fc from "fast-check";
import * as v from "valibot";
import { line, loggedLines, reset, sample, span } from "../../../../packages/telemetry/test/in-memory.ts";
import { headerText, startGateway } from "../../test/gateway.ts";
import type { Rate } from "../routing/table.ts";
import { networkOf, rateLimit, TokenBuckets } from "./rate-limit.ts";

const SSE = { accept: "text/event-stream" };

/** Buckets with a clock that the test moves. */
function bucketsAt(rate: Rate, maxClients?: number) {
  const clock = { ms: 1_000 };
  const buckets = new TokenBuckets(rate, { now: () => clock.ms, ...(maxClients && { maxClients }) });
  const allowed = (client: string, attempts: number) => {
    let count = 0;
    for (let n = 0; n < attempts; n += 1) if (buckets.take(client).allowed) count += 1;
    return count;
  };
  return { clock, buckets, allowed };
}

describe("a token bucket", () => {
  it("allows a burst, then the rate; after a pause it is full again and not fuller", () => {
    const { clock, allowed } = bucketsAt({ perSecond: 10, burst: 5 });
    assert.equal(allowed("a", 9), 5);
    clock.ms += 99;
    assert.equal(allowed("a", 9), 0);
    clock.ms += 1;
    assert.equal(allowed("a", 9), 1);
    clock.ms += 60_000;
    assert.equal(allowed("a", 9), 5);
  });

  it("says how many requests remain, and when the next one is allowed", () => {
    const { clock, buckets } = bucketsAt({ perSecond: 10, burst: 2 });
    assert.deepEqual(buckets.take("a"), { allowed: true, remaining: 1, waitMs: 100, shared: false });
    assert.deepEqual(buckets.take("a"), { allowed: true, remaining: 0, waitMs: 100, shared: false });
    clock.ms += 30;
    const { waitMs, ...refused } = buckets.take("a");
    assert.deepEqual(refused, { allowed: false, remaining: 0, shared: false });
    assert.ok(Math.abs(waitMs - 70) < 0.001, `${waitMs}`);
  });

  it("belongs to one client", () => {
    const { allowed } = bucketsAt({ perSecond: 1, burst: 3 });
    assert.deepEqual([allowed("a", 5), allowed("b", 5), allowed("a", 5)], [3, 3, 0]);
  });

  it("is forgotten only when it is full; until then new clients share one", () => {
    const { clock, buckets, allowed } = bucketsAt({ perSecond: 1, burst: 3 }, 2);
    assert.deepEqual([allowed("a", 9), allowed("b", 9)], [3, 3]);
    assert.deepEqual([allowed("c", 2), allowed("d", 9), allowed("e", 9)], [2, 1, 0], "c, d, e share one");
    assert.equal(buckets.take("f").shared, true);
    assert.deepEqual([allowed("a", 9), allowed("b", 9)], [0, 0], "a and b are still remembered");
    clock.ms += 3_000;
    assert.equal(allowed("c", 9), 3);
    assert.equal(buckets.size, 2);
  });

  it("never allows more than the burst and the rate, whatever the requests are", () => {
    const request = fc.record({
      after: fc.integer({ min: 0, max: 500 }),
      client: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(request, { maxLength: 300 }),
        (perSecond, burst, requests) => {
          const maxClients = 4;
          const { clock, buckets } = bucketsAt({ perSecond, burst }, maxClients);
          const start = clock.ms;
          const own = new Map<number, number>();
          let total = 0;
          for (const { after, client } of requests) {
            clock.ms += after;
            const { allowed, remaining, waitMs } = buckets.take(`${client}`);
            assert.ok(Number.isInteger(remaining) && remaining >= 0 && remaining < burst, `${remaining}`);
            assert.ok(waitMs > 0 && waitMs <= 1000 / perSecond + 0.001, `${waitMs}`);
            assert.ok(buckets.size <= maxClients);
            if (!allowed) continue;
            total += 1;
            own.set(client, (own.get(client) ?? 0) + 1);
          }
          const most = burst + ((clock.ms - start) * perSecond) / 1000 + 0.001;
          // A client may use its own bucket, and the shared one after its own is forgotten.
          for (const count of own.values()) assert.ok(count <= 2 * most, `${count} > 2 · ${most}`);
          assert.ok(total <= (maxClients + 1) * most, `${total}`);
        },
      ),
    );
  });
});

for (const [address, network] of [
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8:0:2::9", "2001:db8:0:2::/64"],
  ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["", ""],
] as const)
  it(`the network of ${address || "no address"} is ${network || "none"}`, () =>
    assert.equal(networkOf(address), network));

const limitedAt = async (route: string, bucket = "client") =>
  (await sample(`gateway_rate_limited_total{http_route="${route}",bucket="${bucket}"}`)) ?? 0;

/** A server with a rate limit, whose clock the test moves. `greeted` counts the requests that reach `/a/hello`. */
async function startLimited(t: TestContext, settings: { perSecond: number; burst?: number; key?: string }) {
  const clock = { ms: 1_000 };
  const state = { greeted: 0 };
  const lifecycle = new Lifecycle();
  lifecycle.state = "serving";
  const app = createHttpApp({ lifecycle, allowsOrigin: () => true });
  const {
    perSecond: RATE_LIMIT,
    burst: RATE_LIMIT_BURST = 0,
    key: RATE_LIMIT_KEY = "client-address",
  } = settings;
  const rate = { perSecond: RATE_LIMIT, burst: RATE_LIMIT_BURST || RATE_LIMIT };
  app.use(
    rateLimit(
      [{ path: "/a/hello", rate }],
      { RATE_LIMIT, RATE_LIMIT_BURST, RATE_LIMIT_KEY },
      { now: () => clock.ms },
    ),
  );
  get(
    app,
    "/a/hello",
    helloRoute(lifecycle, () => {
      state.greeted += 1;
      return "Olá";
    }),
  );
  const server = await startHttpServer(app, "127.0.0.1", 0);
  t.after(() => server.drain(AbortSignal.timeout(100)));
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await withoutTracing(() => fetch(`http://127.0.0.1:${server.port}${path}`, init));
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const statuses = async (...all: Record<string, string>[]) => {
    const found = [];
    for (const headers of all) found.push((await ask("/a/hello", { headers })).status);
    return found;
  };
  return { clock, state, ask, statuses };
}

describe("a rate limit", () => {
  it("rejects a client that is too fast with 429, before any work", async (t) => {
    const { clock, state, ask } = await startLimited(t, { perSecond: 2, burst: 3 });
    const before = await limitedAt("/a/hello");
    for (const remaining of [2, 1, 0]) {
      const { status, headers } = await ask("/a/hello");
      assert.equal(status, 200);
      assert.equal(headers.get("ratelimit-policy"), '"default";q=4;w=2');
      assert.equal(headers.get("ratelimit"), `"default";r=${remaining};t=1`);
      assert.equal(headers.get("retry-after"), null);
    }
    const { status, headers, text } = await ask("/a/hello?name=%FF");
    assert.equal(status, 429, "the query is not read");
    assert.equal(headers.get("ratelimit"), '"default";r=0;t=1');
    assert.equal(headers.get("ratelimit-policy"), '"default";q=4;w=2');
    assert.equal(headers.get("retry-after"), "1");
    assert.equal(headers.get("content-type"), "application/problem+json");
    const { type, trace_id } = v.parse(problemDocument, JSON.parse(text));
    assert.equal(type, "urn:lgtm-lab:problem:rate-limited");
    assert.equal(trace_id, headers.get("x-trace-id"));
    assert.equal((await limitedAt("/a/hello")) - before, 1);
    assert.equal(state.greeted, 3);
    clock.ms += 500;
    assert.equal((await ask("/a/hello")).status, 200);
    assert.equal((await ask("/a/hello")).status, 429);
  });

  it("applies to each route, to all methods of it, and to all other paths together", async (t) => {
    const { ask } = await startLimited(t, { perSecond: 1, burst: 2 });
    const statuses = [];
    for (const path of ["/nope", "/neither", "/nor/this"]) statuses.push((await ask(path)).status);
    assert.deepEqual(statuses, [404, 404, 429]);
    for (let n = 0; n < 2; n += 1) assert.equal((await ask("/A/Hello/", { method: "POST" })).status, 405);
    assert.equal((await ask("/a/hello")).status, 429, "the case of a path does not matter");
  });

  it("counts / as a route, as the metrics of requests do", async (t) => {
    const { ask } = await startLimited(t, { perSecond: 1 });
    const [root, others] = [await limitedAt("/"), await limitedAt("unmatched")];
    for (let n = 0; n < 3; n += 1) await ask("/");
    assert.deepEqual([await limitedAt("/"), await limitedAt("unmatched")], [root + 2, others]);
    assert.equal((await ask("/nowhere")).status, 404, "it has another bucket");
  });

  it("does not apply to health, readiness, metrics and preflights", async (t) => {
    const { ask } = await startLimited(t, { perSecond: 1 });
    const preflight = { method: "OPTIONS", headers: { origin: "http://localhost:1" } };
    for (let n = 0; n < 3; n += 1) {
      for (const path of ["/healthz", "/readyz", "/metrics"]) {
        const { status, headers } = await ask(path);
        assert.deepEqual([status, headers.get("ratelimit")], [200, null], path);
      }
      assert.equal((await ask("/a/hello", preflight)).status, 204);
    }
  });

  it("identifies clients by a header only if it is configured, and never by X-Forwarded-For", async (t) => {
    const { statuses } = await startLimited(t, { perSecond: 1, key: "x-user" });
    assert.deepEqual(
      await statuses({ "x-user": "ana" }, { "x-user": "rui" }, { "x-user": "ana" }, { "x-user": "" }),
      [200, 200, 429, 200],
    );
    assert.deepEqual(
      await statuses({}, { "x-forwarded-for": "192.0.2.1" }, { "x-user": "127.0.0.1" }),
      [200, 429, 200],
      "a header cannot use up the bucket of an address",
    );
    const long = "x".repeat(5_000);
    assert.deepEqual(await statuses({ "x-user": `${long}1` }, { "x-user": `${long}2` }), [200, 200]);
  });

  it("is visible on the span and in the log, once a second; the log does not have the value of a header", async (t) => {
    const { clock, statuses } = await startLimited(t, { perSecond: 1, key: "x-api-key" });
    reset();
    const secret = { "x-api-key": "secret-of-ana" };
    const reports = () => loggedLines().filter(({ msg }) => msg === "requests are limited");
    await statuses(secret, secret, secret, secret);
    assert.deepEqual(
      reports().map(({ rejected, bucket, level }) => [rejected, bucket, level]),
      [[1, "client", "warning"]],
    );
    clock.ms += 1_000;
    await statuses(secret, secret);
    assert.deepEqual(
      reports().map(({ rejected }) => rejected),
      [1, 3],
    );
    const { trace_id, client } = reports()[0] ?? {};
    assert.match(`${client}`, /^hmac:[\w-]{12}$/);
    const { attributes, events } = await span((each) => "lab.rate_limited" in each.attributes);
    assert.equal(attributes["lab.rate_limited"], true);
    assert.deepEqual(
      events.map(({ name, attributes }) => [name, attributes?.bucket]),
      [["edge.rate_limited", "client"]],
    );
    assert.match(`${trace_id}`, /^[\da-f]{32}$/);
    await line(({ msg, status, trace_id: id }) => msg === "request" && status === 429 && id === trace_id);
    assert.doesNotMatch(JSON.stringify(loggedLines()), /secret-of-ana/);
  });
});

describe("a gateway with RATE_LIMIT", () => {
  for (const protocol of PROTOCOLS)
    it(`${protocol}: lets only the allowed requests reach a service`, async (t) => {
      const { get, calls } = await startGateway(t, protocol, { RATE_LIMIT: "1", RATE_LIMIT_BURST: "3" });
      const start = performance.now();
      const all = await Promise.all(Array.from({ length: 30 }, () => get("/b/numbers?count=2", SSE)));
      const most = 3 + Math.ceil((performance.now() - start) / 1000);
      const served = all.filter(({ status }) => status === 200);
      assert.equal(calls(), served.length);
      assert.ok(served.length >= 3 && served.length <= most, `${served.length} of at most ${most}`);
      for (const { status } of all) assert.ok(status === 200 || status === 429, `${status}`);
      for (const { headers } of served)
        assert.match(headers.get("ratelimit") ?? "", /^"default";r=[012];t=1$/);
    });

  it("answers any header value and path without an error", async (t) => {
    const { get } = await startGateway(t, "rest", { RATE_LIMIT: "1", RATE_LIMIT_KEY: "x-user" });
    const query = fc.webQueryParameters().map((text) => `/b/numbers?${text}`);
    const path = fc.oneof(fc.constant("/a/hello"), fc.webPath(), query);
    await fc.assert(
      fc.asyncProperty(headerText(2_000), path, async (user, at) => {
        const { status } = await get(`/${at.replace(/^\/+/, "")}`, { "x-user": user });
        assert.ok(status < 500, `${status} for ${at}`);
      }),
      { numRuns: 150 },
    );
  });
});
