import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { startBackend, testConsole } from "../../test/console.ts";

const TRACE = "0123456789abcdef0123456789abcdef";

/** Creates a console with two gateways that respond with this listener. */
async function withGateways(test: TestContext, listener?: RequestListener) {
  const requests: string[] = [];
  const gateway = (name: string) =>
    startBackend(test, (request, response) => {
      requests.push(`${name} ${request.method} ${request.url} ${request.headers.accept}`);
      if (listener) return listener(request, response);
      response.setHeader("content-type", "application/json");
      response.setHeader("x-trace-id", TRACE);
      response.setHeader("server-timing", "total;dur=1");
      response.setHeader("set-cookie", "a=b");
      response.end('{"from":"A"}');
    });
  const urls = { GATEWAY_URL: await gateway("grpc"), GATEWAY_REST_URL: await gateway("rest") };
  return { ...testConsole(test, urls), requests };
}

describe("POST /api/try", () => {
  it("sends the request to the chosen gateway and forwards the response with its trace id and timing", async (test) => {
    const { write, requests } = await withGateways(test);
    const response = await write("/api/try/a/hello?backend=rest&name=Ana", "POST");
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '{"from":"A"}');
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(response.headers.get("x-trace-id"), TRACE);
    assert.equal(response.headers.get("server-timing"), "total;dur=1");
    assert.equal(response.headers.get("set-cookie"), null);
    await (await write("/api/try/b/numbers?count=2&backend=grpc&delay_ms=5", "POST")).text();
    assert.deepEqual(requests, [
      "rest GET /a/hello?name=Ana application/json",
      "grpc GET /b/numbers?count=2&delay_ms=5 text/event-stream",
    ]);
  });

  for (const [sent, passed] of [
    ["backend=grpc&name=%FF", "name=%FF"],
    ["name=a&backend=grpc&name=b", "name=a&name=b"],
    ["backend=grpc&count=&count=0x5", "count=&count=0x5"],
    ["backend=grpc", ""],
    ["backend=grpc&name=%0d%0aHost:%20evil", "name=%0d%0aHost:%20evil"],
    ["backend=grpc&name=..%2f..%2f&&=", "name=..%2f..%2f&&="],
    ["backend=grpc&back%65nd=rest", "back%65nd=rest"],
    [`backend=grpc&name=${"x".repeat(5000)}`, `name=${"x".repeat(5000)}`],
  ])
    it(`forwards ${passed?.slice(0, 40) || "an empty query"} unchanged`, async (test) => {
      const { write, requests } = await withGateways(test);
      const response = await write(`/api/try/a/hello?${sent}`, "POST");
      assert.equal(await response.text(), '{"from":"A"}');
      assert.equal(requests[0]?.split(" ")[2], passed ? `/a/hello?${passed}` : "/a/hello?");
    });

  it("forwards the gateway's problem document unchanged", async (test) => {
    const { write } = await withGateways(test, (_, response) => {
      response.writeHead(400, { "content-type": "application/problem+json", "x-trace-id": TRACE });
      response.end('{"status":400}');
    });
    const response = await write("/api/try/b/numbers?backend=grpc&count=0", "POST");
    assert.equal(response.status, 400);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(response.headers.get("x-trace-id"), TRACE);
    assert.equal(await response.text(), '{"status":400}');
  });

  it("requires exactly one protocol", async (test) => {
    const { write, requests } = await withGateways(test);
    for (const query of ["", "?", "?name=Ana", "?backend=", "?backend=soap", "?backend=grpc&backend=rest"]) {
      const response = await write(`/api/try/a/hello${query}`, "POST");
      assert.equal(response.status, 400, query);
      assert.match(((await response.json()) as { detail: string }).detail, /backend must be grpc or rest/);
    }
    assert.deepEqual(requests, []);
  });

  it("returns a fix if the gateway is down", async (test) => {
    const response = await testConsole(test).write("/api/try/a/hello?backend=rest", "POST");
    assert.equal(response.status, 503);
    assert.match(
      ((await response.json()) as { detail: string }).detail,
      /^The gateway \(REST\) cannot be.*lab logs gateway-rest/,
    );
  });

  it("forwards events as they arrive, and ends the request if the client disconnects", async (test) => {
    const arrived = Promise.withResolvers<[IncomingMessage, ServerResponse]>();
    const { write } = await withGateways(test, (request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("event: number\n\n");
      arrived.resolve([request, response]);
    });
    const streamed = await write("/api/try/b/numbers?backend=grpc", "POST");
    assert.equal(streamed.headers.get("content-type"), "text/event-stream");
    const [request, response] = await arrived.promise;
    const reader = streamed.body?.getReader();
    const next = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
    assert.equal(await next(), "event: number\n\n", "the first event arrives before the second is sent");
    response.write("event: end\n\n");
    assert.equal(await next(), "event: end\n\n");
    const closed = once(request.socket, "close");
    await reader?.cancel();
    await closed;
  });
});

describe("a write", () => {
  const PATHS = [
    ["POST", "/api/try/a/hello?backend=grpc"],
    ["POST", "/api/try/b/numbers?backend=grpc"],
    ["PUT", "/api/faults/slow-a"],
    ["DELETE", "/api/faults/slow-a"],
    ["DELETE", "/api/faults"],
  ] as const;
  const HEADERS: [what: string, headers: Record<string, string>, status: number][] = [
    ["without the token", { "x-lab-token": "" }, 403],
    ["with another token", { "x-lab-token": "x".repeat(43) }, 403],
    ["from another origin", { origin: "http://evil.example" }, 403],
    ["from an opaque origin", { origin: "null" }, 403],
    ["from another port", { origin: "http://127.0.0.1:8001" }, 403],
    ["from another site", { "sec-fetch-site": "cross-site" }, 403],
    ["from another origin of the same site", { "sec-fetch-site": "same-site" }, 403],
    ["for another host", { host: "evil.example:8000" }, 421],
  ];
  for (const [what, headers, status] of HEADERS)
    it(`${what} is rejected`, async (test) => {
      const { write, requests } = await withGateways(test);
      for (const [method, path] of PATHS)
        assert.equal((await write(path, method, { headers })).status, status, `${method} ${path}`);
      assert.deepEqual(requests, []);
    });

  it("rejects GET", async (test) => {
    const { get, requests } = await withGateways(test);
    for (const path of ["/api/try/a/hello?backend=grpc", "/api/try/b/numbers?backend=grpc"]) {
      const response = await get(path);
      assert.deepEqual([response.status, response.headers.get("allow")], [405, "POST"]);
    }
    assert.deepEqual(requests, []);
  });
});
