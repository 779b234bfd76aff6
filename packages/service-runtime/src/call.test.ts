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
    using call = openCall({ budgetMs: 50, client: never, cutOff: never });
    const late = observedFetch(base, { route: "/late", signal: call.signal }).then((answer) => answer.text());
    await assert.rejects(late, { why: "deadline" });
    assert.deepEqual(await outcomes("/late"), ["timeout"]);
  });

  it("is counted as a timeout when the deadline passes before the connection is open", async () => {
    using call = openCall({ budgetMs: 1, client: never, cutOff: never });
    const late = observedFetch(base, { route: "/early", signal: call.signal }).then((answer) =>
      answer.text(),
    );
    await assert.rejects(late, { why: "deadline" });
    assert.deepEqual(await outcomes("/early"), ["timeout"]);
  });

  it("is counted as aborted when the client disconnects", async () => {
    const client = new AbortController();
    using call = openCall({ budgetMs: 10_000, client: client.signal, cutOff: never });
    const answer = await observedFetch(base, { route: "/left", signal: call.signal });
    client.abort();
    await assert.rejects(answer.text(), { why: "client-gone" });
    assert.deepEqual(await outcomes("/left"), ["aborted"]);
  });
});
