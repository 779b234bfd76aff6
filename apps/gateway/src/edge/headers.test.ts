// First, as in `register`: later imports of @grpc/grpc-js must find it patched.
import "../../../../packages/telemetry/src/tracing/instrumentations.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SpanKind } from "@opentelemetry/api";
import fc from "fast-check";
import { line, reset, span } from "../../../../packages/telemetry/test/in-memory.ts";
import { headerText, loadedModules, startGateway } from "../../test/gateway.ts";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

describe("a gateway with REQUEST_ID", () => {
  it("returns the id of the client, also with an error; it is in the log line and on the span", async (t) => {
    const { get } = await startGateway(t, "rest", { REQUEST_ID: "on" });
    for (const [path, status] of [
      ["/a/hello?name=Ana", 200],
      ["/a/hello?name=a&name=b", 400],
      ["/nope", 404],
    ] as const) {
      reset();
      const id = `order-${status}/7f:3+a=`;
      const response = await get(path, { "x-request-id": id });
      assert.deepEqual([response.status, response.headers.get("x-request-id")], [status, id]);
      const { trace_id, request_id } = await line(({ msg }) => msg === "request");
      assert.deepEqual([trace_id, request_id], [response.headers.get("x-trace-id"), id]);
      const server = await span(
        ({ kind, attributes }) => kind === SpanKind.SERVER && "lab.request_id" in attributes,
      );
      assert.equal(server.attributes["lab.request_id"], id);
    }
  });

  it("creates an id if there is none, or if it is invalid", async (t) => {
    const { hello, get } = await startGateway(t, "rest", { REQUEST_ID: "on" });
    const ids = new Set<string | null>();
    for (const given of [undefined, "", "a b", "a,b", "ä", '{"a":1}', "x".repeat(129)])
      ids.add(
        (await hello(given === undefined ? {} : { "x-request-id": given })).headers.get("x-request-id"),
      );
    assert.equal(ids.size, 7);
    for (const id of ids) assert.match(id ?? "", UUID);
    const longest = "x".repeat(128);
    assert.equal((await hello({ "x-request-id": longest })).headers.get("x-request-id"), longest);
    const events = await get("/b/numbers?count=1", { accept: "text/event-stream" });
    assert.match(events.headers.get("x-request-id") ?? "", UUID);
    for (const path of ["/healthz", "/readyz", "/metrics"])
      assert.equal((await get(path)).headers.get("x-request-id"), null);
  });

  it("returns either the given id or a random one, whatever is given", async (t) => {
    const { hello } = await startGateway(t, "rest", { REQUEST_ID: "on" });
    const given = fc.oneof(headerText(200), fc.stringMatching(/^[\w.-]{1,200}$/));
    await fc.assert(
      fc.asyncProperty(given, async (sent) => {
        const { status, headers } = await hello({ "x-request-id": sent });
        const id = headers.get("x-request-id") ?? "";
        assert.equal(status, 200);
        assert.ok(UUID.test(id) || (id === sent && /^[\w.:=+/@-]{1,128}$/.test(id)), id);
      }),
      { numRuns: 100 },
    );
  });
});

describe("a gateway with SECURITY_HEADERS", () => {
  it("sends them with every response of a route, and pages may still read it", async (t) => {
    const { get } = await startGateway(t, "rest", { SECURITY_HEADERS: "on" });
    const origin = "http://localhost:5173";
    const statuses = [];
    for (const path of ["/a/hello", "/a/hello?name=%FF", "/b/numbers", "/nope"]) {
      const { status, headers } = await get(path, { origin });
      statuses.push(status);
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.equal(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.equal(headers.get("x-frame-options"), "DENY");
      assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
      assert.equal(headers.get("access-control-allow-origin"), origin);
    }
    assert.deepEqual(statuses, [200, 400, 200, 404]);
  });
});

it("without these settings, no code of the edge is loaded, and its headers are missing", async (t) => {
  const count = (variables: Record<string, string>) =>
    loadedModules(variables).filter((url) => /lru-cache|gateway\/src\/edge/.test(url)).length;
  assert.equal(count({}), 0);
  assert.equal(count({ RATE_LIMIT: "1", HELLO_CACHE_MS: "1", REQUEST_ID: "on", SECURITY_HEADERS: "on" }), 4);
  const { hello } = await startGateway(t, "rest", {});
  const { headers } = await hello({ "x-request-id": "mine" });
  for (const name of ["x-request-id", "x-content-type-options", "ratelimit", "etag", "cache-control"])
    assert.equal(headers.get(name), null, name);
});
