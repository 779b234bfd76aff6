// First, as in `register`: later imports of @grpc/grpc-js must find it patched.
import "../../../../packages/telemetry/src/tracing/instrumentations.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PROTOCOLS } from "@lgtm-lab/contracts";
import { createHttpApp, get, Lifecycle } from "@lgtm-lab/service-runtime";
import { SpanKind } from "@opentelemetry/api";
import fc from "fast-check";
import {
  finishedSpans,
  reset,
  sample,
  span,
  waitForResult,
} from "../../../../packages/telemetry/test/in-memory.ts";
import { headerText, startGateway } from "../../test/gateway.ts";
import { cachedHelloRoute } from "./hello-cache.ts";

const ON = { HELLO_CACHE_MS: "60000" };

const counted = async (outcome: string) =>
  (await sample(`gateway_cache_requests_total{http_route="/a/hello",outcome="${outcome}"}`)) ?? 0;

for (const protocol of PROTOCOLS)
  describe(`the cache of /a/hello over ${protocol}`, () => {
    it("answers the same name again without service A, however the query is written", async (t) => {
      const { get, calls } = await startGateway(t, protocol, ON);
      const first = await get("/a/hello?name=Ana");
      assert.equal(first.status, 200);
      assert.equal(first.headers.get("content-type"), "application/json");
      assert.equal(first.headers.get("cache-control"), "private, max-age=60");
      assert.equal(first.headers.get("age"), null, "this one comes from service A");
      for (const query of ["?name=Ana", "?name=%41na", "?x=1&name=Ana", "?name=Ana&"]) {
        const { status, headers, text } = await get(`/a/hello${query}`);
        assert.equal(status, 200);
        assert.equal(text, first.text);
        assert.equal(headers.get("etag"), first.headers.get("etag"));
        assert.match(headers.get("age") ?? "", /^\d+$/);
        assert.equal(headers.get("vary"), "Origin");
      }
      assert.equal(calls(), 1);
      assert.notEqual((await get("/a/hello?name=Rui")).headers.get("etag"), first.headers.get("etag"));
      for (const query of ["", "?name=", "?name=mundo"])
        assert.match((await get(`/a/hello${query}`)).text, /mundo/);
      assert.equal(calls(), 3);
    });

    it("stores no error and no fallback", async (t) => {
      const { first, hello, calls } = await startGateway(t, protocol, { ...ON, HELLO_FALLBACK: "on" });
      first.behaviour = (call) => (call < 3 ? "fail" : "ok");
      for (let n = 0; n < 2; n += 1) {
        const { status, headers } = await hello();
        assert.deepEqual([status, headers.get("x-lab-fallback")], [200, "true"]);
        for (const name of ["etag", "cache-control", "age"]) assert.equal(headers.get(name), null, name);
      }
      assert.equal((await hello()).headers.get("x-lab-fallback"), null);
      assert.equal((await hello()).headers.get("x-lab-fallback"), null);
      assert.equal(calls(), 3);
    });

    it("joins requests for the same name, and only these", async (t) => {
      const { first, get, hello, calls } = await startGateway(t, protocol, ON);
      const { promise, resolve } = Promise.withResolvers<void>();
      first.behaviour = { until: promise };
      const before = await counted("joined");
      const all = Array.from({ length: 5 }, () => hello());
      const other = get("/a/hello?name=Rui");
      await waitForResult(async () => calls() === 2 && (await counted("joined")) - before === 4);
      resolve();
      const texts = (await Promise.all(all)).map(({ status, text }) => `${status} ${text}`);
      assert.equal(new Set(texts).size, 1);
      assert.match(texts[0] ?? "", /^200 .*Ana/);
      assert.match((await other).text, /Rui/);
      assert.equal(calls(), 2);
    });

    it("a joined request that reaches its deadline, or whose client leaves, does not affect the others", async (t) => {
      const { first, hello, base, calls } = await startGateway(t, protocol, ON);
      const { promise, resolve } = Promise.withResolvers<void>();
      first.behaviour = { until: promise };
      const before = await counted("joined");
      const leaving = new AbortController();
      // The first one begins the request to service A, and leaves.
      const left = assert.rejects(fetch(`${base}/a/hello?name=Ana`, { signal: leaving.signal }));
      await waitForResult(() => calls() === 1);
      const patient = hello();
      const hasty = await hello({ "x-request-timeout-ms": "40" });
      assert.equal(hasty.status, 504);
      assert.match(hasty.text, /backend-too-slow/);
      leaving.abort();
      await left;
      assert.equal((await counted("joined")) - before, 2);
      resolve();
      assert.equal((await patient).status, 200);
      assert.equal(calls(), 1);
    });

    it("cancels the request to service A when no client waits for it; the next client starts a new one", async (t) => {
      const { first, hello, calls } = await startGateway(t, protocol, ON);
      const { promise, resolve } = Promise.withResolvers<void>();
      first.behaviour = (call) => (call === 1 ? { until: promise } : "ok");
      reset();
      assert.equal((await hello({ "x-request-timeout-ms": "40" })).status, 504);
      assert.equal((await hello()).status, 200);
      assert.equal(calls(), 2);
      resolve();
      const attempts = () => finishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
      await waitForResult(() => attempts().length === 2);
    });

    it("does not hide from a circuit breaker that service A is too slow", async (t) => {
      const { first, hello } = await startGateway(t, protocol, { ...ON, UPSTREAM_BREAKER_FAILURES: "1" });
      first.behaviour = { until: new Promise(() => {}) };
      assert.equal((await hello()).status, 504);
      const rejections = () => sample('gateway_breaker_rejections_total{upstream="service-a"}');
      const before = (await rejections()) ?? 0;
      await waitForResult(async () => {
        await hello({ "x-request-timeout-ms": "20" });
        return ((await rejections()) ?? 0) > before;
      });
    });

    it("a request that joined late gets its whole time, although the one that it joined began earlier", async (t) => {
      const { first, hello, calls } = await startGateway(t, protocol, ON);
      first.behaviour = (call) => (call === 1 ? { until: new Promise(() => {}) } : "ok");
      const start = performance.now();
      const early = hello();
      // It has this time for its call after the first one has failed.
      await waitForResult(() => calls() === 1 && performance.now() - start > 1_000);
      const late = hello();
      assert.equal((await early).status, 504);
      assert.equal((await late).status, 200);
      assert.equal(calls(), 2);
    });
  });

describe("the cache of /a/hello", () => {
  it("responds with 304 to a client that has the greeting", async (t) => {
    const { hello } = await startGateway(t, "rest", ON);
    const etag = (await hello()).headers.get("etag") ?? "";
    assert.match(etag, /^"[\w-]{22}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const { status, headers, text } = await hello({ "if-none-match": known });
      assert.deepEqual([status, text, headers.get("etag")], [304, "", etag], known);
      assert.equal(headers.get("cache-control"), "private, max-age=60");
    }
    for (const other of ['"other"', etag.slice(1, -1), ""])
      assert.equal((await hello({ "if-none-match": other })).status, 200, other);
  });

  it("lets no other cache reuse a response to a request with Authorization", async (t) => {
    const { hello, calls } = await startGateway(t, "rest", ON);
    const authorized = { authorization: "Bearer x" };
    for (let n = 0; n < 2; n += 1)
      assert.equal((await hello(authorized)).headers.get("cache-control"), "private, no-cache");
    assert.equal((await hello()).headers.get("cache-control"), "private, max-age=60");
    assert.equal(calls(), 1, "this gateway checks each request before its cache");
  });

  it("checks the request also if the greeting is stored", async (t) => {
    const { hello, get } = await startGateway(t, "rest", ON);
    await hello();
    assert.equal((await hello({ "x-request-timeout-ms": "soon" })).status, 400);
    assert.equal((await get("/a/hello?name=Ana&name=Ana")).status, 400);
    assert.equal((await get("/a/hello?name=Ana", {}, { method: "POST" })).status, 405);
    const head = await get("/a/hello?name=Ana", {}, { method: "HEAD" });
    assert.deepEqual([head.status, head.text, head.headers.has("etag")], [200, "", true]);
  });

  it("forgets a greeting after HELLO_CACHE_MS, and says how old it is", async (t) => {
    const { hello, calls } = await startGateway(t, "rest", { HELLO_CACHE_MS: "2500" });
    await hello();
    const ages = new Set<string | null>();
    await waitForResult(async () => {
      ages.add((await hello()).headers.get("age"));
      return calls() === 2;
    });
    assert.equal([...ages].at(-1), null);
    assert.ok(ages.has("1") || ages.has("2"), `${[...ages]}`);
  });

  it("stores a limited number of greetings, the ones that were used most recently", async () => {
    const lifecycle = new Lifecycle();
    const requested: string[] = [];
    const greet = ({ name }: { name: string }) => {
      requested.push(name);
      return `Olá, ${name}!`;
    };
    const app = createHttpApp({ lifecycle });
    get(
      app,
      "/a/hello",
      cachedHelloRoute(lifecycle, greet, { path: "/a/hello", maxAgeMs: 60_000, maxEntries: 3 }),
    );
    for (const name of ["a", "b", "c", "a", "d", "a", "c", "b"]) await app.request(`/a/hello?name=${name}`);
    assert.deepEqual(requested, ["a", "b", "c", "d", "b"]);
    assert.equal(await sample('gateway_cache_entries{http_route="/a/hello"}'), 3);
  });

  it("is visible as an attribute, an event and a metric", async (t) => {
    const { first, hello, calls } = await startGateway(t, "grpc", ON);
    const { promise, resolve } = Promise.withResolvers<void>();
    first.behaviour = { until: promise };
    const before = await Promise.all(["miss", "joined", "hit"].map(counted));
    reset();
    const [began, joined] = [hello(), waitForResult(() => calls() === 1).then(() => hello())];
    await waitForResult(async () => (await counted("joined")) - (before[1] ?? 0) === 1);
    resolve();
    const traceOf = (response: { headers: Headers }) => response.headers.get("x-trace-id");
    const traces = [traceOf(await began), traceOf(await joined), traceOf(await hello())];
    const after = await Promise.all(["miss", "joined", "hit"].map(counted));
    assert.deepEqual(
      after.map((count, index) => count - (before[index] ?? 0)),
      [1, 1, 1],
    );
    const servers = await Promise.all(
      traces.map((id) => span((each) => each.name === "GET /a/hello" && each.spanContext().traceId === id)),
    );
    assert.deepEqual(
      servers.map(({ attributes }) => attributes["lab.cache"]),
      ["miss", "joined", "hit"],
    );
    assert.deepEqual(
      servers[1]?.events.map(({ name, attributes }) => [name, attributes?.trace_id]),
      [["cache.joined", traces[0]]],
    );
  });

  it("every name gets its own greeting, whatever the other headers and fields are", async (t) => {
    const { get } = await startGateway(t, "rest", ON);
    const name = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: "binary", maxLength: 300 }));
    const header = fc.constantFrom(
      "if-none-match",
      "cache-control",
      "authorization",
      "accept",
      "range",
      "origin",
    );
    const value = fc.oneof(headerText(20), fc.constantFrom('"', "*", "W/", ",,", "no-store"));
    await fc.assert(
      fc.asyncProperty(name, header, value, async (given, field, text) => {
        const encoded = [...given].map((char) =>
          /\w/.test(char) ? char : encodeURIComponent(char.toWellFormed()),
        );
        const { status, text: body } = await get(`/a/hello?name=${encoded.join("")}`, {
          [field]: text,
        });
        if ([...given].length > 256) assert.equal(status, 400);
        else if (status !== 304) {
          assert.equal(status, 200, body);
          assert.ok(JSON.parse(body).message.startsWith(`Olá, ${given.toWellFormed() || "mundo"}! [`), body);
        } else assert.match(text, /\*/, "it has no tag of this greeting");
      }),
      { numRuns: 150 },
    );
  });
});
