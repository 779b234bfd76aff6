import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { problemDocument } from "@lgtm-lab/contracts";
import { testConsole, upstream } from "../test-console.ts";
import { MAX_QUERY } from "./read-query.ts";

const OK = '{"status":"success","data":[]}';

/** A console whose four backends are one that answers like this, and what that was asked. */
async function withBackend(test: TestContext, listener?: RequestListener, proxy = {}) {
  const asked: IncomingMessage[] = [];
  const address = await upstream(test, (request, response) => {
    asked.push(request);
    if (listener) return listener(request, response);
    response.setHeader("content-type", "application/json; charset=utf-8");
    response.setHeader("set-cookie", "a=b");
    response.setHeader("x-secret", "internal");
    response.end(OK);
  });
  const urls = Object.fromEntries(
    ["PROMETHEUS_URL", "CONSOLE_LOKI_URL", "TEMPO_URL", "ALERTMANAGER_URL"].map((name) => [name, address]),
  );
  return { ...testConsole(test, { ...urls, proxy }), asked, address };
}

async function problemOf(answer: Response, status: number) {
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  const document = problemDocument.parse(await answer.json());
  assert.equal(answer.status, status, document.detail);
  return document;
}

describe("what may be read of the backends", () => {
  const PASSED: [asked: string, passed: string][] = [
    ["/api/prometheus/query?query=up%20%3E%200&time=1.5", "/api/v1/query?query=up+%3E+0&time=1.5"],
    [
      "/api/prometheus/query_range?query=up&start=1&end=2&step=5",
      "/api/v1/query_range?query=up&start=1&end=2&step=5",
    ],
    ["/api/prometheus/series?match[]=up&match%5B%5D=a", "/api/v1/series?match%5B%5D=up&match%5B%5D=a"],
    ["/api/prometheus/label/service_name/values", "/api/v1/label/service_name/values"],
    ["/api/prometheus/rules?type=alert", "/api/v1/rules?type=alert"],
    ["/api/prometheus/alerts", "/api/v1/alerts"],
    ["/api/loki/query_range?query=%7B%7D&limit=5", "/loki/api/v1/query_range?query=%7B%7D&limit=5"],
    ["/api/loki/label/level/values", "/loki/api/v1/label/level/values"],
    ["/api/tempo/traces/0123456789abcdef0123456789ABCDEF", "/api/traces/0123456789abcdef0123456789ABCDEF"],
    ["/api/tempo/search?q=%7B%7D&limit=1", "/api/search?q=%7B%7D&limit=1"],
    ["/api/tempo/search/tags", "/api/search/tags"],
    ["/api/tempo/search/tag/resource.service.name/values", "/api/search/tag/resource.service.name/values"],
    [
      "/api/alertmanager/alerts?active=true&filter=a&filter=b",
      "/api/v2/alerts?active=true&filter=a&filter=b",
    ],
    ["/api/alertmanager/silences", "/api/v2/silences"],
    ["/api/alertmanager/status", "/api/v2/status"],
  ];
  for (const [path, passed] of PASSED)
    it(`${path} is ${passed}`, async (test) => {
      const { get, asked } = await withBackend(test);
      const answer = await get(path, {
        cookie: "a=b",
        authorization: "Basic x",
        "x-forwarded-for": "1.2.3.4",
      });
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), OK);
      assert.equal(answer.headers.get("content-type"), "application/json");
      assert.equal(answer.headers.get("cache-control"), "no-store");
      for (const name of ["set-cookie", "x-secret"]) assert.equal(answer.headers.get(name), null, name);
      assert.deepEqual(
        asked.map(({ method, url }) => `${method} ${url}`),
        [`GET ${passed}`],
      );
      for (const name of ["cookie", "authorization", "x-forwarded-for"])
        assert.equal(asked[0]?.headers[name], undefined, name);
    });

  it("long expressions are, too", async (test) => {
    const { get, asked } = await withBackend(test);
    const query = `up{a=~"${"x".repeat(16 * 1024)}"}`;
    assert.equal((await get(`/api/prometheus/query?${new URLSearchParams({ query })}`)).status, 200);
    assert.equal(new URL(`http://x${asked[0]?.url}`).searchParams.get("query"), query);
  });

  it("line breaks of a query stay in it", async (test) => {
    const { get, asked } = await withBackend(test);
    assert.equal((await get("/api/prometheus/query?query=up%0d%0aHost:%20evil")).status, 200);
    assert.equal(asked[0]?.url, "/api/v1/query?query=up%0D%0AHost%3A+evil");
    assert.notEqual(asked[0]?.headers.host, "evil");
  });
});

describe("what may not", () => {
  const REFUSED: [path: string, status: number][] = [
    ["/api/prometheus/", 404],
    ["/api/prometheus/admin/tsdb/delete_series?match[]=up", 404],
    ["/api/prometheus/admin/tsdb/snapshot", 404],
    ["/api/prometheus/write", 404],
    ["/api/prometheus/status/config", 404],
    ["/api/prometheus/targets", 404],
    ["/api/prometheus/../../-/reload", 404],
    ["/api/prometheus/..%2f..%2f-%2freload", 404],
    ["/api/prometheus/%2e%2e/%2e%2e/-/quit", 404],
    ["/api/prometheus/query%2f..%2f..%2f-%2fquit", 404],
    ["/api/prometheus/query/", 404],
    ["/api/prometheus//query", 404],
    ["/api/prometheus/query%00", 404],
    ["/api/prometheus/que%72y?query=up", 404],
    ["/api/prometheus/query%0d%0aX:y", 404],
    ["/api/prometheus/QUERY", 404],
    ["/api/prometheus/http://evil.example/query", 404],
    ["/api/prometheus/@evil.example/query", 404],
    ["/api/prometheus/label/a%2f..%2f..%2fadmin/values", 404],
    ["/api/prometheus/label/../values", 404],
    ["/api/loki/push", 404],
    ["/api/loki/tail", 404],
    ["/api/loki/delete?query={}", 404],
    ["/api/tempo/traces/..", 404],
    ["/api/tempo/traces/0123456789abcdef0123456789abcdef0", 404],
    ["/api/tempo/traces/xyz", 404],
    ["/api/tempo/search/tag/../values", 404],
    ["/api/tempo/flush", 404],
    ["/api/alertmanager/silence/1", 404],
    ["/api/alertmanager/receivers", 404],
    ["/api/prometheus/query?query=up&query=down", 400],
    ["/api/prometheus/query?query=up&timeout=1h", 400],
    ["/api/prometheus/query?query=%FF", 400],
    ["/api/prometheus/query?query=%", 400],
    ["/api/prometheus/query?%FF=up", 400],
    ["/api/prometheus/query?__proto__=up", 400],
    ["/api/prometheus/alerts?x=1", 400],
    [`/api/prometheus/query?query=${"x".repeat(MAX_QUERY)}`, 414],
  ];
  for (const [path, status] of REFUSED)
    it(`${path.slice(0, 80)} is ${status}`, async (test) => {
      const { get, asked } = await withBackend(test);
      const { detail } = await problemOf(await get(path), status);
      assert.ok(detail.length < 1000, detail);
      assert.deepEqual(asked, [], "the backend hears nothing of it");
    });

  it("writing is none of it", async (test) => {
    const { write, asked } = await withBackend(test);
    for (const path of ["/api/prometheus/query?query=up", "/api/loki/query", "/api/alertmanager/silences"])
      for (const method of ["POST", "PUT", "DELETE", "PATCH"])
        await problemOf(await write(path, method, { body: "x" }), 405);
    assert.deepEqual(asked, []);
  });
});

describe("a backend that does not answer as it should", () => {
  const json = { "content-type": "application/json" };
  const text = { "content-type": "text/plain" };
  const TABLE: [
    what: string,
    status: number,
    headers: object,
    body: string,
    expected: number,
    told: RegExp,
  ][] = [
    [
      "refuses a query",
      400,
      json,
      '{"status":"error","error":"parse error: unexpected )"}',
      400,
      /^Prometheus answered 400: parse error: unexpected \)$/,
    ],
    ["refuses one in plain text", 422, text, "parse error\n", 400, /^Prometheus answered 422: parse error$/],
    ["has nothing of that name", 404, text, "trace not found", 404, /trace not found/],
    ["is starting", 503, text, "Ingester not ready", 503, /Ingester not ready.*npx lab status/],
    ["gave up", 503, json, '{"error":"query timed out in expression evaluation"}', 504, /timed out/],
    ["fails", 500, text, "boom", 502, /answered 500: boom/],
    ["leads elsewhere", 302, { location: "http://127.0.0.1:1/" }, "", 502, /answered 302/],
    ["sends a page", 200, { "content-type": "text/html" }, "<b>hi</b>", 502, /not JSON/],
    ["sends something else", 200, { "content-type": "application/jsonp" }, "x()", 502, /not JSON/],
  ];
  for (const [what, status, headers, body, expected, told] of TABLE)
    it(`it ${what}`, async (test) => {
      const { get } = await withBackend(test, (_, response) => {
        response.writeHead(status, { ...headers }).end(body);
      });
      const { detail } = await problemOf(await get("/api/prometheus/query?query=up"), expected);
      assert.match(detail, told);
      assert.ok(!detail.includes("<b>"));
    });

  it("has no such trace: that is a trace without spans", async (test) => {
    const { get } = await withBackend(test, (_, response) => {
      response.writeHead(404, text).end("trace not found");
    });
    const answer = await get("/api/tempo/traces/0123456789abcdef0123456789abcdef");
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { batches: [] });
    await problemOf(await get("/api/tempo/search"), 404);
  });

  it("it is not there: what brings it back is told", async (test) => {
    const { get } = testConsole(test);
    for (const [path, name, title] of [
      ["/api/tempo/search", "tempo", "Tempo"],
      ["/api/loki/labels", "loki", "Loki"],
      ["/api/prometheus/alerts", "prometheus", "Prometheus"],
      ["/api/alertmanager/alerts", "alertmanager", "Alertmanager"],
    ]) {
      const { detail } = await problemOf(await get(path ?? ""), 503);
      assert.match(
        detail,
        new RegExp(`^${title} cannot be reached at http://127.0.0.1:1 .*lab logs ${name}`),
      );
      assert.match(detail, /npx lab status/);
    }
  });

  it("it is too slow", async (test) => {
    const { get } = await withBackend(test, () => {}, { timeoutMs: 60 });
    const { detail } = await problemOf(await get("/api/loki/labels"), 504);
    assert.match(detail, /^Loki \(http.*did not answer in time/);
  });

  it("its answer begins and does not end", async (test) => {
    const half: RequestListener = (_, response) => response.writeHead(200, json).write("[");
    const { get } = await withBackend(test, half, { timeoutMs: 60 });
    await problemOf(await get("/api/loki/labels"), 504);
  });

  it("it breaks off", async (test) => {
    const broken: RequestListener = (_, response) => {
      response.writeHead(200, { ...json, "content-length": "100" }).write("[");
      setTimeout(() => response.destroy(), 20);
    };
    const { get } = await withBackend(test, broken);
    assert.match((await problemOf(await get("/api/loki/labels"), 502)).detail, /broke off/);
  });

  for (const declared of [true, false])
    it(`it sends too much, ${declared ? "and says so" : "without saying so"}`, async (test) => {
      const large = Buffer.alloc(64 * 1024, " ");
      let closed: Promise<unknown> | undefined;
      const sends: RequestListener = (_, response) => {
        closed = once(response, "close");
        response.writeHead(200, { ...json, ...(declared && { "content-length": `${large.length * 1000}` }) });
        const more = () => {
          while (!response.destroyed && response.write(large));
        };
        response.on("drain", more);
        more();
      };
      const { get } = await withBackend(test, sends, { maxBytes: 1024 * 1024 });
      const { detail } = await problemOf(await get("/api/prometheus/query?query=up"), 502);
      assert.match(detail, /too large: more than 1 MiB/);
      await closed; // it is not left to send for ever
    });

  it("a client that leaves ends the request behind it", async (test) => {
    const arrived = Promise.withResolvers<IncomingMessage>();
    const { app } = await withBackend(test, (request) => arrived.resolve(request));
    const client = new AbortController();
    const answer = app.request(
      new Request("http://127.0.0.1:8000/api/loki/labels", {
        headers: { host: "127.0.0.1:8000" },
        signal: client.signal,
      }),
    );
    const request = await arrived.promise;
    const closed = once(request.socket, "close");
    client.abort();
    assert.equal((await answer).status, 499);
    await closed;
  });
});
