import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OK, problemOf, withBackend } from "../../test/backend.ts";
import { MAX_QUERY_LENGTH } from "./routes.ts";

describe("the allowed endpoints", () => {
  const FORWARDED: [path: string, passed: string][] = [
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
  for (const [path, passed] of FORWARDED)
    it(`${path} is forwarded as ${passed}`, async (test) => {
      const { get, requests } = await withBackend(test);
      const response = await get(path, {
        cookie: "a=b",
        authorization: "Basic x",
        "x-forwarded-for": "1.2.3.4",
      });
      assert.equal(response.status, 200);
      assert.equal(await response.text(), OK);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.equal(response.headers.get("cache-control"), "no-store");
      for (const name of ["set-cookie", "x-secret"]) assert.equal(response.headers.get(name), null, name);
      assert.deepEqual(
        requests.map(({ method, url }) => `${method} ${url}`),
        [`GET ${passed}`],
      );
      for (const name of ["cookie", "authorization", "x-forwarded-for"])
        assert.equal(requests[0]?.headers[name], undefined, name);
    });

  it("long expressions are forwarded", async (test) => {
    const { get, requests } = await withBackend(test);
    const query = `up{a=~"${"x".repeat(16 * 1024)}"}`;
    assert.equal((await get(`/api/prometheus/query?${new URLSearchParams({ query })}`)).status, 200);
    assert.equal(new URL(`http://x${requests[0]?.url}`).searchParams.get("query"), query);
  });

  it("line breaks in a query stay encoded", async (test) => {
    const { get, requests } = await withBackend(test);
    assert.equal((await get("/api/prometheus/query?query=up%0d%0aHost:%20evil")).status, 200);
    assert.equal(requests[0]?.url, "/api/v1/query?query=up%0D%0AHost%3A+evil");
    assert.notEqual(requests[0]?.headers.host, "evil");
  });
});

describe("other requests", () => {
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
    [`/api/prometheus/query?query=${"x".repeat(MAX_QUERY_LENGTH)}`, 414],
  ];
  for (const [path, status] of REFUSED)
    it(`${path.slice(0, 80)} is ${status}`, async (test) => {
      const { get, requests } = await withBackend(test);
      const { detail } = await problemOf(await get(path), status);
      assert.ok(detail.length < 1000, detail);
      assert.deepEqual(requests, [], "the backend receives no request");
    });

  it("other methods are rejected", async (test) => {
    const { write, requests } = await withBackend(test);
    for (const path of ["/api/prometheus/query?query=up", "/api/loki/query", "/api/alertmanager/silences"])
      for (const method of ["POST", "PUT", "DELETE", "PATCH"])
        await problemOf(await write(path, method, { body: "x" }), 405);
    assert.deepEqual(requests, []);
  });
});
