import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { openCall } from "@lgtm-lab/service-runtime";
import { observedFetch } from "@lgtm-lab/telemetry/fetch";
import { metricsHandler } from "@lgtm-lab/telemetry/hono";
import { Hono } from "hono";
import pWaitFor from "p-wait-for";

const server = createServer((_request, response) => response.write("incomplete"));
let base = "";
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const metrics = new Hono().get("/metrics", metricsHandler());

/**
 * Returns the counted outcomes of requests to a route. Waits for at least one, which may be counted after the
 * rejection.
 */
async function outcomes(route: string): Promise<string[]> {
  let counted: string[] = [];
  const any = async () => {
    counted = await readOutcomes(route);
    return counted.length > 0;
  };
  await pWaitFor(any, { interval: 10, timeout: 5_000 });
  return counted;
}

async function readOutcomes(route: string): Promise<string[]> {
  const text = await (await metrics.request("/metrics")).text();
  const count = new RegExp(
    `^http_client_request_duration_seconds_count{.*http_route="${route}",http_response_status_code="(\\w+)"} [1-9]`,
    "gm",
  );
  return [...text.matchAll(count)].map(([, outcome]) => String(outcome));
}

describe("a request to another service on behalf of a call", () => {
  const never = new AbortController().signal;

  it("is counted as a timeout when the deadline passes", async () => {
    using call = openCall({ budgetMs: 50, client: never, shutdownSignal: never });
    const late = observedFetch(base, { route: "/late", signal: call.signal }).then((response) =>
      response.text(),
    );
    await assert.rejects(late, { reason: "deadline" });
    assert.deepEqual(await outcomes("/late"), ["timeout"]);
  });

  it("is counted as a timeout when the deadline passes before the connection is open", async () => {
    using call = openCall({ budgetMs: 1, client: never, shutdownSignal: never });
    const late = observedFetch(base, { route: "/early", signal: call.signal }).then((response) =>
      response.text(),
    );
    await assert.rejects(late, { reason: "deadline" });
    assert.deepEqual(await outcomes("/early"), ["timeout"]);
  });

  it("is counted as aborted when the client disconnects", async () => {
    const client = new AbortController();
    using call = openCall({ budgetMs: 10_000, client: client.signal, shutdownSignal: never });
    const response = await observedFetch(base, { route: "/left", signal: call.signal });
    client.abort();
    await assert.rejects(response.text(), { reason: "client-disconnected" });
    assert.deepEqual(await outcomes("/left"), ["aborted"]);
  });
});

describe("a call that ends early", () => {
  const never = new AbortController().signal;

  it("notifies its listeners and aborts its signal once, with the first reason", () => {
    let leave = () => {};
    const stop = new AbortController();
    using call = openCall({
      budgetMs: 10_000,
      client: (disconnected) => {
        leave = disconnected;
      },
      shutdownSignal: stop.signal,
    });
    const reasons: string[] = [];
    call.onEnded(({ reason }) => reasons.push(`before: ${reason}`));
    leave();
    stop.abort();
    call.onEnded(({ reason }) => reasons.push(`after: ${reason}`));
    assert.deepEqual(reasons, ["before: client-disconnected", "after: client-disconnected"]);
    assert.equal(call.signal.reason, call.ended, "a signal that is read after the end");
  });

  it("all open calls end when the service stops; signals read earlier are aborted", () => {
    const stop = new AbortController();
    using first = openCall({ budgetMs: 10_000, client: never, shutdownSignal: stop.signal });
    using second = openCall({ budgetMs: 10_000, client: never, shutdownSignal: stop.signal });
    const { signal } = first;
    assert.equal(signal.aborted, false);
    stop.abort();
    assert.equal(signal.aborted, true);
    assert.deepEqual([first.ended?.reason, second.ended?.reason], ["shutdown", "shutdown"]);
    using late = openCall({ budgetMs: 10_000, client: never, shutdownSignal: stop.signal });
    assert.equal(late.ended?.reason, "shutdown", "a call that is opened after the stop");
    using gone = openCall({ budgetMs: 10_000, client: AbortSignal.abort(), shutdownSignal: never });
    assert.equal(gone.ended?.reason, "client-disconnected");
  });

  it("does not end after its response is complete", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const client = new AbortController();
    const stop = new AbortController();
    const call = openCall({ budgetMs: 50, client: client.signal, shutdownSignal: stop.signal });
    call.onEnded(() => assert.fail("it ended"));
    call[Symbol.dispose]();
    t.mock.timers.tick(100);
    client.abort();
    stop.abort();
    assert.equal(call.ended, undefined);
    assert.equal(call.signal.aborted, false);
  });

  it("ends at its deadline", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    using call = openCall({ budgetMs: 50, client: never, shutdownSignal: never });
    const reasons: string[] = [];
    call.onEnded(({ reason }) => reasons.push(reason));
    t.mock.timers.tick(49);
    assert.deepEqual(reasons, []);
    t.mock.timers.tick(1);
    assert.deepEqual(reasons, ["deadline"]);
    assert.equal(call.signal.reason, call.ended);
  });
});
