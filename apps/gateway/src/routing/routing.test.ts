import "../../../../packages/telemetry/test/in-memory.ts";
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { PROTOCOLS } from "@lgtm-lab/contracts";
import fc from "fast-check";
import { loggedLines, sample, waitForResult } from "../../../../packages/telemetry/test/in-memory.ts";
import { setVariable } from "../../test/env.ts";
import { loadedModules, routesFile, startGateway } from "../../test/gateway.ts";
import { readEnv } from "../env.ts";
import { parseRoutes } from "./file.ts";
import { defaultRoutes } from "./table.ts";

const DEFAULT_ROUTES_FILE = join(import.meta.dirname, "../../routes.yaml");

/** A gateway over gRPC with a routes file. `change` replaces the file and waits until a condition holds. */
async function startRouted(t: TestContext, text: string, variables: Record<string, string> = {}) {
  const file = routesFile(t, text);
  const gateway = await startGateway(t, "grpc", { ROUTES_FILE: file, ...variables });
  const change = async (changed: string, condition: () => Promise<boolean>) => {
    writeFileSync(file, changed);
    await waitForResult(condition);
  };
  const status = async (path: string, method = "GET") => (await gateway.get(path, {}, { method })).status;
  return { ...gateway, file, change, status };
}

const A = "{path: /a/hello, upstream: service-a}";
const routes = (...list: string[]) => `routes:\n${list.map((each) => `  - ${each}\n`).join("")}`;
const lastReload = async () => await sample("gateway_routes_last_reload_successful");

describe("a routes file", () => {
  it("that lists the routes of the API changes nothing", (t) => {
    for (const [name, value] of Object.entries({
      UPSTREAM_RETRIES: "2",
      RATE_LIMIT: "20",
      HELLO_CACHE_MS: "1000",
      AUTH_ISSUER: "http://127.0.0.1:9",
    }))
      setVariable(t, name, value);
    const env = readEnv();
    assert.deepEqual(
      parseRoutes(readFileSync(DEFAULT_ROUTES_FILE, "utf8"), env),
      defaultRoutes(env).map((route) => ({ ...route, timeoutMs: undefined, inFlight: undefined })),
    );
  });

  for (const [what, text, ...sentences] of [
    ["no content", "", "the file: must be a mapping with the field routes, but is null."],
    ["a list", "- a", 'the file: must be a mapping with the field routes, but is ["a"].'],
    ["no routes", "routes: []", "routes: must be a list with at least one route, but is []."],
    ["a misspelled field", "route: []", 'Unknown field "route". Available: routes. Did you mean routes?'],
    [
      "a route that is a string",
      routes("x"),
      'routes[0]: must be a mapping with path and upstream, but is "x".',
    ],
    [
      "a route without fields",
      routes("{}"),
      "routes[0].path: is missing.",
      "routes[0].upstream: is missing.",
    ],
    [
      "an unknown service",
      routes("{path: /c, upstream: c}"),
      "routes[0].upstream: must be service-a or service-b",
    ],
    [
      "a path without a slash",
      routes("{path: c, upstream: service-a}"),
      "routes[0].path: must be a path such as",
    ],
    ["a pattern", routes("{path: /a/*, upstream: service-a}"), "routes[0].path: must be a path such as"],
    [
      "a path of every gateway",
      routes("{path: /Metrics, upstream: service-a}"),
      "routes[0].path: must be another",
    ],
    [
      "a path of the fault admin port",
      routes("{path: /Gateway, upstream: service-a}", "{path: /faults/x, upstream: service-a}"),
      "routes[1].path: must be a path outside of /faults and /gateway",
    ],
    ["a repeated path", routes(A, "{path: /A/Hello, upstream: service-b}"), "routes[1].path: is the same as"],
    ["another method", routes("{path: /c, upstream: service-a, methods: [POST]}"), "must be GET or HEAD"],
    [
      "a parent folder",
      routes("{path: /c/../d, upstream: service-a}"),
      "routes[0].path: must be a path such as",
    ],
    [
      "a repeated method",
      routes("{path: /c, upstream: service-a, methods: [GET, GET]}"),
      "a list of different methods",
    ],
    ["no method", routes("{path: /c, upstream: service-a, methods: []}"), "at least one method"],
    [
      "a string instead of a number",
      routes("{path: /c, upstream: service-a, retries: two}"),
      "from 0 to 5, but is",
    ],
    ["a fraction", routes("{path: /c, upstream: service-a, timeout_ms: 0.5}"), "from 1 to 2000, but is 0.5."],
    ["a negative number", routes("{path: /c, upstream: service-a, cache_ms: -1}"), "from 0 to 3600000"],
    [
      "a rate that is a word",
      routes("{path: /c, upstream: service-a, rate_limit: off}"),
      "a mapping such as {per",
    ],
    [
      "an unknown field in a mapping",
      routes("{path: /c, upstream: service-a, in_flight: {runing: 1, waiting: 1}}"),
      "routes[0].in_flight.running: is missing.",
      "Did you mean running?",
    ],
    [
      "a cache of streams",
      routes("{path: /c, upstream: service-b, cache_ms: 9}"),
      "only routes to service-a",
    ],
    [
      "a scope without an issuer",
      routes("{path: /c, upstream: service-b, scope: x}"),
      "AUTH_ISSUER is not set",
    ],
    ["an invalid scope", routes("{path: /c, upstream: service-b, scope: 'a b'}"), "a scope without spaces"],
    ["a syntax error", "routes: [", "it is not valid YAML: ", "at line 1"],
    ["a repeated field", "routes: []\nroutes: []", "it is not valid YAML: Map keys must be unique at line 2"],
    ["two documents", "--- 1\n--- 2", "it is not valid YAML: "],
    [
      "aliases that grow",
      `a: &a [1]\n${"bcdefghij"
        .split("")
        .map((x, i) => `${x}: &${x} [${`*${"abcdefghi"[i]},`.repeat(9)}]`)
        .join("\n")}`,
      "it is not valid YAML",
    ],
    [
      "too many routes",
      routes(...Array.from({ length: 33 }, (_, n) => `{path: /r${n}, upstream: service-a}`)),
      "at most 32 routes",
    ],
  ] as const)
    it(`with ${what} is rejected with a sentence`, () => {
      assert.throws(
        () => parseRoutes(text, readEnv()),
        ({ message }: Error) =>
          sentences.every((sentence) => message.includes(sentence)) || assert.fail(message),
      );
    });

  it("with any content is either used or rejected with a sentence", () => {
    const env = readEnv();
    const value = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.array(fc.string()), fc.object());
    const field = fc.constantFrom(
      "path",
      "upstream",
      "methods",
      "timeout_ms",
      "retries",
      "rate_limit",
      "in_flight",
      "cache_ms",
      "scope",
      "x",
    );
    const file = fc.oneof(
      fc.string(),
      fc.dictionary(field, value).map((route) => JSON.stringify({ routes: [route] })),
      fc.json(),
    );
    fc.assert(
      fc.property(file, (text) => {
        try {
          assert.ok(parseRoutes(text, env).length > 0);
        } catch (error) {
          assert.equal((error as Error).constructor, Error, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("with a mistake makes the start fail with an error that names the variable", async (t) => {
    const ROUTES_FILE = routesFile(t, "routes: 3");
    await assert.rejects(startGateway(t, "grpc", { ROUTES_FILE }), {
      message: `ROUTES_FILE=${ROUTES_FILE} cannot be used:\nroutes: must be a list of routes, but is 3.`,
    });
    await assert.rejects(
      startGateway(t, "grpc", { ROUTES_FILE: "/nowhere" }),
      /ROUTES_FILE=\/nowhere .*\n.*ENOENT/,
    );
  });
});

it("without a file, its code is not loaded", () => {
  const isOf = (name: string) => (url: string) => url.includes(name);
  const urls = loadedModules({});
  assert.deepEqual(urls.filter(isOf("/yaml/")), []);
  assert.deepEqual(urls.filter(isOf("/routing/file.ts")), []);
  const withFile = loadedModules({ ROUTES_FILE: DEFAULT_ROUTES_FILE });
  assert.notDeepEqual(withFile.filter(isOf("/yaml/")), []);
  assert.deepEqual(withFile.filter(isOf("/edge/hello-cache.ts")), [], "no route has a cache");
});

for (const protocol of PROTOCOLS)
  it(`the routes of the file apply over ${protocol}`, async (t) => {
    const ROUTES_FILE = routesFile(
      t,
      routes(
        "{path: /v2/greeting, upstream: service-a}",
        "{path: /v2/values, upstream: service-b, methods: [GET]}",
      ),
    );
    const { get } = await startGateway(t, protocol, { ROUTES_FILE });
    assert.match((await get("/V2/Greeting/?name=Ana")).text, /Ana/);
    assert.deepEqual(JSON.parse((await get("/v2/values?count=2")).text), { from: "B", values: [1, 2] });
    assert.match((await get("/v2/values?count=1", { accept: "text/event-stream" })).text, /event: number/);
    for (const path of ["/a/hello", "/b/numbers", "/v2"]) assert.equal((await get(path)).status, 404);
    const head = await get("/v2/values", {}, { method: "HEAD" });
    assert.equal(head.status, 405);
    assert.equal(head.headers.get("allow"), "GET");
    assert.equal((await get("/v2/greeting", {}, { method: "HEAD" })).status, 200);
    assert.equal((await get("/readyz")).status, 200);
  });

describe("a route", () => {
  it("has its timeout", async (t) => {
    const { first, get } = await startRouted(
      t,
      routes(A, "{path: /fast, upstream: service-a, timeout_ms: 50}"),
    );
    first.behaviour = { slowMs: 1_800 };
    const startedAt = performance.now();
    assert.equal((await get("/fast")).status, 504);
    assert.ok(performance.now() - startedAt < 1_500);
  });

  it("has its retries", async (t) => {
    const { first, status, calls } = await startRouted(
      t,
      routes(A, "{path: /again, upstream: service-a, retries: 2}"),
      { UPSTREAM_RETRY_BUDGET: "100" },
    );
    first.behaviour = "fail";
    assert.equal(await status("/a/hello"), 502);
    assert.equal(calls(), 1);
    // The budget allows one retry for each request so far.
    assert.equal(await status("/again"), 502);
    assert.equal(calls(), 3);
  });

  it("has its rate limit, and the others that of the settings", async (t) => {
    const { status } = await startRouted(
      t,
      routes(
        A,
        "{path: /once, upstream: service-a, rate_limit: {per_second: 1}}",
        "{path: /any, upstream: service-a, rate_limit: {per_second: 0}}",
      ),
      { RATE_LIMIT: "1", RATE_LIMIT_BURST: "2" },
    );
    const statuses = async (path: string) => [await status(path), await status(path), await status(path)];
    assert.deepEqual(await statuses("/a/hello"), [200, 200, 429]);
    assert.deepEqual(await statuses("/once"), [200, 429, 429]);
    assert.deepEqual(await statuses("/any"), [200, 200, 200]);
  });

  it("has its limits of requests in flight", async (t) => {
    const { first, status, calls } = await startRouted(
      t,
      routes("{path: /one, upstream: service-a, in_flight: {running: 1, waiting: 0}}"),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    first.behaviour = { until: promise };
    const running = status("/one");
    await waitForResult(() => calls() === 1);
    assert.equal(await status("/one"), 503);
    resolve();
    assert.equal(await running, 200);
  });

  it("has its cache", async (t) => {
    const { get, calls } = await startRouted(
      t,
      routes(A, "{path: /cached, upstream: service-a, cache_ms: 60000}"),
    );
    for (const path of ["/cached", "/cached", "/a/hello"]) await get(path);
    assert.equal(calls(), 2);
    assert.equal(await sample('gateway_cache_requests_total{http_route="/cached",outcome="hit"}'), 1);
  });

  it("requires the scope of its service, another one, or no token", async (t) => {
    const { get } = await startRouted(
      t,
      routes(
        A,
        "{path: /admin, upstream: service-a, scope: admin}",
        "{path: /open, upstream: service-a, scope: none}",
      ),
      { AUTH_ISSUER: "http://127.0.0.1:9" },
    );
    const challenge = async (path: string) => (await get(path)).headers.get("www-authenticate");
    assert.match((await challenge("/a/hello")) ?? "", /scope="hello"/);
    assert.match((await challenge("/admin")) ?? "", /scope="admin"/);
    assert.equal((await get("/open")).status, 200);
  });
});

describe("a change of the file", () => {
  it("is used without a restart, and running requests continue with their route", async (t) => {
    const { first, change, status, calls } = await startRouted(t, routes(A));
    const { promise, resolve } = Promise.withResolvers<void>();
    first.behaviour = { until: promise };
    const running = status("/a/hello");
    await waitForResult(() => calls() === 1);
    first.behaviour = "ok";
    await change(
      routes("{path: /b, upstream: service-b}"),
      async () => (await status("/b")) === 200 && (await status("/a/hello")) === 404,
    );
    resolve();
    assert.equal(await running, 200);
  });

  it("removes the number of stored greetings of a route that has no cache any more", async (t) => {
    const entries = () => sample('gateway_cache_entries{http_route="/cached"}');
    const cached = "{path: /cached, upstream: service-a, cache_ms: 60000}";
    const { change, status } = await startRouted(t, routes(cached));
    assert.equal(await status("/cached"), 200);
    assert.equal(await entries(), 1);
    await change(routes(cached, A), async () => (await status("/a/hello")) === 200);
    assert.equal(await entries(), 0, "the new routes have new caches");
    await change(
      routes("{path: /cached, upstream: service-a}"),
      async () => (await status("/a/hello")) === 404,
    );
    assert.equal(await entries(), undefined);
  });

  it("is not used if the file has a mistake or is missing, which is visible until it is corrected", async (t) => {
    const { change, file, status } = await startRouted(t, routes(A));
    const warnings = () => loggedLines().filter(({ msg }) => msg === "routes file cannot be used").length;
    const before = warnings();
    assert.equal(await lastReload(), 1);
    await change("routes: 3", async () => (await lastReload()) === 0);
    assert.equal(await status("/a/hello"), 200);
    await change(routes(A), async () => (await lastReload()) === 1);
    rmSync(file);
    await waitForResult(async () => (await lastReload()) === 0);
    assert.equal(await status("/a/hello"), 200);
    await change(routes("{path: /c, upstream: service-a}"), async () => (await status("/c")) === 200);
    assert.equal(warnings() - before, 2);
  });

  it("is not used after too many different paths, because each has its own series", async (t) => {
    const list = (from: number, count: number) =>
      routes(...Array.from({ length: count }, (_, n) => `{path: /r${from + n}, upstream: service-a}`));
    const { change, status } = await startRouted(t, list(0, 32));
    for (const from of [32, 64])
      await change(list(from, 32), async () => (await status(`/r${from}`)) === 200);
    await change(list(96, 5), async () => (await lastReload()) === 0);
    assert.equal(await status("/r64"), 200);
    await change(list(96, 4), async () => (await status("/r99")) === 200);
  });
});
