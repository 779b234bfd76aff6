import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { corsOrigins } from "@lgtm-lab/contracts";
import {
  createHttpApp,
  get,
  type HttpServer,
  helloRoute,
  Lifecycle,
  type NumbersSource,
  numbersRoute,
  Problem,
  startHttpServer,
} from "@lgtm-lab/service-runtime";
import pWaitFor from "p-wait-for";
import * as v from "valibot";

/**
 * A page that is served from another port. Clients of the original lab rely on CORS, and on the path matching of
 * Express.
 */
const PAGE = "http://localhost:5173";
const lifecycle = new Lifecycle();
let server: HttpServer;
let base = "";
let streamEnded = Promise.withResolvers<void>();

before(async () => {
  lifecycle.state = "serving";
  const app = createHttpApp({ lifecycle, allowsOrigin: v.parse(corsOrigins, undefined) });
  get(app, "/", (c) => c.redirect("http://127.0.0.1:8000"));
  get(
    app,
    "/a/hello",
    helloRoute(lifecycle, ({ name }) => {
      if (name === "broken") throw new Problem("backend-down", "service-a cannot be reached.");
      return `Olá, ${name}!`;
    }),
  );
  const source: NumbersSource = {
    async *stream({ count }, { signal }) {
      try {
        for (let value = 1; value <= count; value += 1) {
          yield value;
          await setTimeout(5);
          signal.throwIfAborted();
        }
      } finally {
        streamEnded.resolve();
      }
    },
  };
  get(app, "/b/numbers", numbersRoute(lifecycle, source), { streams: true });
  server = await startHttpServer(app, "127.0.0.1", 0);
  base = `http://127.0.0.1:${server.port}`;
});
after(() => server.drain(AbortSignal.abort()));

interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Uses node:http, which sends path and headers unchanged and adds none. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const { port } = server;
    const clientRequest = request({ host: "127.0.0.1", port, path, method, headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    clientRequest.on("error", reject).end();
  });
}

const preflight = (path: string, origin: string, requestedHeaders = "traceparent,content-type") =>
  ask(
    path,
    { origin, "access-control-request-method": "GET", "access-control-request-headers": requestedHeaders },
    "OPTIONS",
  );

/** Returns the number of counted requests with a method, route and status. */
async function counted(method: string, route: string, status: number): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const labels = `http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"`;
  const line = text
    .split("\n")
    .find((each) => each.startsWith(`http_server_request_duration_seconds_count{${labels}}`));
  return Number(line?.split(" ")[1] ?? 0);
}

async function countedRoutes(): Promise<string[]> {
  const text = await (await fetch(`${base}/metrics`)).text();
  return [...new Set([...text.matchAll(/http_route="([^"]*)"/g)].map(([, route]) => route ?? ""))].sort();
}

describe("path matching as in Express", () => {
  for (const [canonical, ...variants] of [
    ["/a/hello?name=Ana", "/a/hello/?name=Ana", "/A/Hello?name=Ana", "/A/HELLO/?name=Ana"],
    ["/b/numbers?count=2", "/b/numbers/?count=2", "/B/NUMBERS/?count=2", "/b/Numbers?count=2"],
    ["/a/hello", "/a/hello/", "/A/hellO"],
    ["/b/numbers?count=0", "/B/numbers/?count=0"],
  ] as const)
    for (const variant of variants)
      it(`${variant} is handled and counted like ${canonical}`, async () => {
        const [expected, actual] = [await ask(canonical), await ask(variant)];
        assert.equal(actual.status, expected.status);
        assert.equal(actual.headers["content-type"], expected.headers["content-type"]);
        assert.equal(actual.text, expected.text);
        const route = canonical.split("?")[0] ?? "";
        const before = await counted("GET", route, expected.status);
        await ask(variant);
        await pWaitFor(async () => (await counted("GET", route, expected.status)) === before + 1, {
          timeout: 5_000,
        });
      });

  it("keeps the case of parameters", async () => {
    const message = async (path: string) => JSON.parse((await ask(path)).text).message;
    assert.equal(await message("/A/HELLO/?name=Ana%2FMaria"), "Olá, Ana/Maria!");
    // As in Express, the name of a parameter is case-sensitive.
    assert.equal(await message("/a/hello?NAME=Ana"), "Olá, mundo!");
  });

  it("supports event streams and rejects other methods, like the route itself", async () => {
    const events = await ask("/B/Numbers/?count=1", { accept: "text/event-stream" });
    assert.match(events.text, /^event: number\n/);
    assert.equal((await ask("/A/Hello/", {}, "POST")).status, 405);
    assert.equal((await ask("/A/Hello/", {}, "HEAD")).status, 200);
  });

  for (const path of ["/a/hello//", "//a/hello", "/a//hello", "/a/hello/x", "/a/hello.", "/A", "/b/"])
    it(`${path} is unknown`, async () => assert.equal((await ask(path)).status, 404));

  it("adds no routes to the metrics", async () => {
    for (const path of ["/A/hello", "/B/numbers/", "/NOPE", "/a/hello//"]) await ask(path);
    await preflight("/A/Hello", PAGE);
    const expected = ["/", "/a/hello", "/b/numbers", "preflight", "unmatched"];
    await pWaitFor(async () => (await countedRoutes()).join() === expected.join(), { timeout: 5_000 });
  });
});

describe("a page of another origin", () => {
  for (const [what, path, accept, status] of [
    ["a response", "/a/hello?name=Ana", "*/*", 200],
    ["a response to another spelling of the path", "/A/Hello/", "*/*", 200],
    ["a stream of events", "/b/numbers?count=2", "text/event-stream", 200],
    ["a client error", "/b/numbers?count=0", "*/*", 400],
    ["a stream error before the first value", "/b/numbers?count=0", "text/event-stream", 400],
    ["a server error", "/a/hello?name=broken", "*/*", 503],
    ["an unknown path", "/nope", "*/*", 404],
  ] as const)
    it(`reads ${what}`, async () => {
      const alone = await ask(path, { accept });
      const { headers, ...response } = await ask(path, { accept, origin: PAGE });
      assert.equal(response.status, status);
      assert.equal(headers["access-control-allow-origin"], PAGE);
      assert.equal(headers["access-control-allow-credentials"], undefined);
      assert.match(
        String(headers["access-control-expose-headers"]),
        /x-trace-id.*Retry-After.*x-lab-fallback/,
      );
      assert.equal(headers.vary, "Origin");
      assert.equal(headers["content-type"], alone.headers["content-type"]);
      assert.equal(response.text, alone.text);
      assert.equal(alone.headers["access-control-allow-origin"], undefined);
      assert.equal(alone.headers.vary, "Origin");
    });

  it("reads that its method is not allowed", async () => {
    const response = await ask("/a/hello", { origin: PAGE }, "POST");
    assert.equal(response.status, 405);
    assert.equal(response.headers.allow, "GET, HEAD");
    assert.equal(response.headers["access-control-allow-origin"], PAGE);
  });

  for (const origin of ["http://example.org", "https://localhost:5173", "null", "http://localhost.evil.org"])
    it(`gets no CORS headers when it is ${origin}`, async () => {
      for (const response of [await ask("/a/hello", { origin }), await preflight("/a/hello", origin)])
        assert.equal(response.headers["access-control-allow-origin"], undefined);
    });

  it("may not read health and metrics", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      assert.equal((await ask(path, { origin: PAGE })).headers["access-control-allow-origin"], undefined);
      assert.equal((await preflight(path, PAGE)).status, 405, path);
    }
  });

  it("ends the stream in the service when it disconnects", { timeout: 10_000 }, async () => {
    streamEnded = Promise.withResolvers<void>();
    const clientRequest = request({
      host: "127.0.0.1",
      port: server.port,
      path: "/b/numbers?count=10000",
      headers: { origin: PAGE, accept: "text/event-stream" },
    });
    clientRequest.on("error", () => {});
    clientRequest.on("response", (response) => response.once("data", () => clientRequest.destroy()));
    clientRequest.end();
    await streamEnded.promise;
    await pWaitFor(async () => (await counted("GET", "/b/numbers", 499)) === 1, { timeout: 5_000 });
  });
});

describe("a preflight", () => {
  it("allows GET and HEAD with any header, for ten minutes", async () => {
    for (const path of ["/a/hello", "/B/Numbers/", "/"]) {
      const { status, headers, text } = await preflight(path, PAGE, "traceparent, content-type, x-custom");
      assert.deepEqual([status, text], [204, ""]);
      assert.equal(headers["access-control-allow-origin"], PAGE);
      assert.equal(headers["access-control-allow-methods"], "GET,HEAD");
      assert.equal(headers["access-control-allow-headers"], "traceparent,content-type,x-custom");
      assert.equal(headers["access-control-max-age"], "600");
      assert.equal(headers["access-control-allow-credentials"], undefined);
      assert.match(String(headers.vary), /Origin/);
    }
  });

  it("is counted as a preflight and not as a request of the route", async () => {
    const before = await counted("OPTIONS", "preflight", 204);
    await preflight("/a/hello", PAGE);
    await pWaitFor(async () => (await counted("OPTIONS", "preflight", 204)) === before + 1, {
      timeout: 5_000,
    });
    assert.equal(await counted("OPTIONS", "/a/hello", 204), 0);
  });

  it("must have an origin: OPTIONS without one is not allowed", async () => {
    const response = await ask("/a/hello", {}, "OPTIONS");
    assert.equal(response.status, 405);
    assert.equal(response.headers.allow, "GET, HEAD");
  });
});

describe("a service without a list of origins", () => {
  it("allows none and sends no Vary", async () => {
    const app = createHttpApp({ lifecycle });
    get(app, "/a/hello", (c) => c.text("Olá"));
    const response = await app.request("/a/hello", { headers: { origin: PAGE } });
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    assert.equal(response.headers.get("vary"), null);
  });
});
