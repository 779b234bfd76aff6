import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { describe, it } from "node:test";
import { problemOf, withBackend } from "../../test/backend.ts";
import { testConsole } from "../../test/console.ts";

describe("a backend with an unexpected response", () => {
  const json = { "content-type": "application/json" };
  const text = { "content-type": "text/plain" };
  const TABLE: [
    what: string,
    status: number,
    headers: object,
    body: string,
    expected: number,
    message: RegExp,
  ][] = [
    [
      "rejects a query",
      400,
      json,
      '{"status":"error","error":"parse error: unexpected )"}',
      400,
      /^Prometheus responded with 400: parse error: unexpected \)$/,
    ],
    [
      "rejects a query with a plain-text error",
      422,
      text,
      "parse error\n",
      400,
      /^Prometheus responded with 422: parse error$/,
    ],
    ["does not know the name", 404, text, "trace not found", 404, /trace not found/],
    ["is starting", 503, text, "Ingester not ready", 503, /Ingester not ready.*npx lab status/],
    ["timed out", 503, json, '{"error":"query timed out in expression evaluation"}', 504, /timed out/],
    ["fails", 500, text, "boom", 502, /responded with 500: boom/],
    ["redirects", 302, { location: "http://127.0.0.1:1/" }, "", 502, /responded with 302/],
    ["sends a page", 200, { "content-type": "text/html" }, "<b>hi</b>", 502, /not JSON/],
    [
      "sends an unsupported content type",
      200,
      { "content-type": "application/jsonp" },
      "x()",
      502,
      /not JSON/,
    ],
  ];
  for (const [what, status, headers, body, expected, message] of TABLE)
    it(`${what}`, async (test) => {
      const { get } = await withBackend(test, (_, response) => {
        response.writeHead(status, { ...headers }).end(body);
      });
      const { detail } = await problemOf(await get("/api/prometheus/query?query=up"), expected);
      assert.match(detail, message);
      assert.ok(!detail.includes("<b>"));
    });

  it("does not know a trace: returns a trace without spans", async (test) => {
    const { get } = await withBackend(test, (_, response) => {
      response.writeHead(404, text).end("trace not found");
    });
    const response = await get("/api/tempo/traces/0123456789abcdef0123456789abcdef");
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { batches: [] });
    await problemOf(await get("/api/tempo/search"), 404);
  });

  it("is down: the problem document contains a fix", async (test) => {
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

  it("does not respond in time", async (test) => {
    const { get } = await withBackend(test, () => {}, { timeoutMs: 60 });
    const { detail } = await problemOf(await get("/api/loki/labels"), 504);
    assert.match(detail, /^Loki \(http.*did not respond in time/);
  });

  it("does not complete its response in time", async (test) => {
    const half: RequestListener = (_, response) => response.writeHead(200, json).write("[");
    const { get } = await withBackend(test, half, { timeoutMs: 60 });
    await problemOf(await get("/api/loki/labels"), 504);
  });

  it("closes the connection during its response", async (test) => {
    const broken: RequestListener = (_, response) => {
      response.writeHead(200, { ...json, "content-length": "100" }).write("[");
      setTimeout(() => response.destroy(), 20);
    };
    const { get } = await withBackend(test, broken);
    assert.match((await problemOf(await get("/api/loki/labels"), 502)).detail, /closed the connection/);
  });

  for (const declared of [true, false])
    it(`sends a too large response, ${declared ? "with" : "without"} content-length`, async (test) => {
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
      await closed; // the console closes the connection
    });

  it("its request is cancelled when the client disconnects", async (test) => {
    const arrived = Promise.withResolvers<IncomingMessage>();
    const { app } = await withBackend(test, (request) => arrived.resolve(request));
    const client = new AbortController();
    const response = app.request(
      new Request("http://127.0.0.1:8000/api/loki/labels", {
        headers: { host: "127.0.0.1:8000" },
        signal: client.signal,
      }),
    );
    const request = await arrived.promise;
    const closed = once(request.socket, "close");
    client.abort();
    assert.equal((await response).status, 499);
    await closed;
  });
});
