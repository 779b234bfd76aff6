// First, as in `register`: node:http must be patched before it is used.
import "../../../telemetry/test/in-memory.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { problemDocument } from "@lgtm-lab/contracts";
import type { ConcurrencyLimits } from "@lgtm-lab/resilience";
import {
  createHttpApp,
  get,
  helloRoute,
  Lifecycle,
  numbersRoute,
  startHttpServer,
} from "@lgtm-lab/service-runtime";
import pWaitFor from "p-wait-for";
import * as v from "valibot";
import { span } from "../../../telemetry/test/in-memory.ts";

const LIMITS = { running: 1, waiting: 2 };

/** Starts a server whose greetings wait for `release`; `begun` has the names whose greeting has started. */
async function slowServer(inFlight: ConcurrencyLimits = LIMITS) {
  const lifecycle = new Lifecycle();
  const release = Promise.withResolvers<void>();
  const begun: string[] = [];
  const app = createHttpApp({ lifecycle });
  const greet = async ({ name }: { name: string }) => {
    begun.push(name);
    await release.promise;
    return name;
  };
  get(app, "/a/hello", helloRoute(lifecycle, greet, { inFlight }));
  const server = await startHttpServer(app, "127.0.0.1", 0);
  const base = `http://127.0.0.1:${server.port}`;
  const ask = (name: string, init?: RequestInit) => fetch(`${base}/a/hello?name=${name}`, init);
  const metric = async () => (await fetch(`${base}/metrics`)).text();
  /** Waits until this number of requests has arrived without a response yet. */
  const active = (count: number) =>
    pWaitFor(
      async () =>
        (await metric()).includes(`http_server_active_requests{http_request_method="GET"} ${count}\n`),
      { interval: 5, timeout: 5_000 },
    );
  const stop = () => lifecycle.drain([server], 10_000);
  return { ask, active, begun, metric, release, stop, base };
}

/** Returns a source whose stream of nine values ends with `end`, after the first one. */
const firstValueThen = (end: Promise<void>) => ({
  async *stream({ count }: { count: number }) {
    yield 1;
    if (count === 9) await end;
  },
});

/** Returns the server span of the request that got this response. */
const spanOf = ({ headers }: Response) =>
  span((each) => each.name === "GET /a/hello" && each.spanContext().traceId === headers.get("x-trace-id"));

/** Asserts that the span of a rejected request says that it was shed, and why. */
async function assertShed(response: Response, reason: string): Promise<void> {
  const { attributes, events } = await spanOf(response);
  assert.equal(attributes["lab.shed"], true);
  assert.deepEqual(
    events.map(({ name, attributes }) => [name, attributes?.reason]),
    [["request.shed", reason]],
  );
}

describe("a busy route", () => {
  it("responds with 503 and Retry-After when too many requests wait, and counts it; health is not affected", async () => {
    const { ask, active, begun, metric, release, stop, base } = await slowServer();
    const responses = [ask("1"), ask("2"), ask("3")];
    await active(3);
    const refused = await ask("4");
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.equal(v.parse(problemDocument, await refused.json()).type, "urn:lgtm-lab:problem:overloaded");
    assert.equal((await fetch(`${base}/healthz`)).status, 200);
    assert.match(await metric(), /^http_server_requests_shed_total\{http_route="\/a\/hello"\} 1$/m);
    assert.equal(begun.length, 1);
    await assertShed(refused, "full");
    release.resolve();
    for (const response of responses) assert.equal((await response).status, 200);
    await stop();
  });

  it("rejects a request that has waited too long, and its span says so", async () => {
    const { ask, active, release, stop } = await slowServer({ ...LIMITS, totalMs: 100 });
    const first = ask("1");
    await active(1);
    const refused = await ask("2");
    assert.equal(refused.status, 503);
    await assertShed(refused, "waited");
    release.resolve();
    const { attributes } = await spanOf(await first);
    assert.equal("lab.shed" in attributes, false);
    await stop();
  });

  it("ends a waiting request at its deadline", async () => {
    const { ask, active, begun, release, stop } = await slowServer();
    const first = ask("1");
    await active(1);
    const late = await ask("2", { headers: { "x-request-timeout-ms": "50" } });
    assert.equal(late.status, 504);
    assert.deepEqual(begun, ["1"]);
    release.resolve();
    assert.equal((await first).status, 200);
    await stop();
  });

  it("removes a waiting request whose client disconnects", async () => {
    const { ask, active, begun, release, stop } = await slowServer();
    const first = ask("1");
    await active(1);
    const leaving = new AbortController();
    const left = ask("2", { signal: leaving.signal });
    await active(2);
    leaving.abort();
    await assert.rejects(left, { name: "AbortError" });
    await active(1);
    release.resolve();
    assert.equal((await first).status, 200);
    assert.equal((await ask("3")).status, 200);
    assert.deepEqual(begun, ["1", "3"]);
    await stop();
  });

  it("completes the waiting requests during a stop", async () => {
    const { ask, active, release, stop } = await slowServer();
    const responses = [ask("1"), ask("2"), ask("3")];
    await active(3);
    const stopped = stop();
    release.resolve();
    for (const response of responses) assert.equal((await response).status, 200);
    await stopped;
  });

  it("starts the next request after one that fails and after a stream that ends or fails", async () => {
    const lifecycle = new Lifecycle();
    const app = createHttpApp({ lifecycle });
    const source = {
      async *stream({ count }: { count: number }) {
        if (count === 1) throw new Error("before the first value");
        yield 1;
        if (count === 2) throw new Error("after it");
      },
    };
    get(app, "/b/numbers", numbersRoute(lifecycle, source, { inFlight: LIMITS, longInFlight: LIMITS }));
    for (const accept of ["application/json", "text/event-stream"])
      for (const count of [1, 2, 3, 1, 2, 3]) {
        const response = await app.request(`/b/numbers?count=${count}`, {
          headers: { accept, "x-request-timeout-ms": "1000" },
        });
        const text = await response.text();
        assert.notEqual(response.status, 504, `${accept} ${count}: ${text}`);
        if (count === 3) assert.equal(response.status, 200);
      }
  });

  for (const [what, long] of [
    ["streams", "/b/numbers?count=9"],
    ["requests that take long by their parameters", "/b/numbers?count=9&delay_ms=500"],
  ] as const)
    it(`limits ${what} separately from other requests`, async () => {
      const lifecycle = new Lifecycle();
      const release = Promise.withResolvers<void>();
      const app = createHttpApp({ lifecycle });
      const source = firstValueThen(release.promise);
      get(app, "/b/numbers", numbersRoute(lifecycle, source, { inFlight: LIMITS, longInFlight: LIMITS }));
      const headers = { accept: what === "streams" ? "text/event-stream" : "application/json" };
      const held = app.request(long, { headers });
      assert.equal((await app.request("/b/numbers?count=1")).status, 200);
      release.resolve();
      assert.equal((await (await held).text()).includes("1"), true);
    });
});

describe("a busy route with a check", () => {
  it("rejects requests before the check, by the limit for their parameters, which are validated after it", async () => {
    const lifecycle = new Lifecycle();
    const release = Promise.withResolvers<void>();
    const app = createHttpApp({ lifecycle });
    const source = firstValueThen(release.promise);
    const state = { checks: 0, refuses: false };
    const check = async () => {
      state.checks += 1;
      return state.refuses ? new Response(null, { status: 401 }) : undefined;
    };
    const one = { running: 1, waiting: 0 };
    get(app, "/b/numbers", numbersRoute(lifecycle, source, { check, inFlight: one, longInFlight: one }));
    const status = async (query: string, headers = {}) =>
      (await app.request(`/b/numbers?${query}`, { headers })).status;
    const events = { accept: "text/event-stream" };

    const held = status("count=9&delay_ms=500");
    await setImmediate();
    assert.equal(state.checks, 1);
    for (const [query, headers] of [
      ["count=9&delay_ms=500", {}],
      ["count=1", events],
    ] as const)
      assert.equal(await status(query, headers), 503);
    assert.equal(state.checks, 1, "not checked");
    assert.equal(await status("count=1"), 200, "short requests have another limit");
    assert.equal(await status("count=x"), 400);
    state.refuses = true;
    assert.equal(await status("count=x"), 401);
    assert.equal(state.checks, 4);
    release.resolve();
    assert.equal(await held, 200);
    for (let n = 0; n < 2; n += 1) assert.equal(await status("count=9", events), 401);
    state.refuses = false;
    assert.equal(await status("count=1", events), 200, "a refusal keeps no place");
  });
});
