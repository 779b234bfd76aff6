import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayState } from "@lgtm-lab/contracts";
import * as v from "valibot";
import { setVariable } from "../test/env.ts";
import { startGateway } from "../test/gateway.ts";
import { readEnv } from "./env.ts";
import { defaultRoutes } from "./routing/table.ts";
import { gatewayStateReader } from "./state.ts";

/** Returns the state of a gateway with the variables of this process, without a routes file. */
async function stateNow() {
  const env = readEnv();
  return (await gatewayStateReader(env, () => defaultRoutes(env)))();
}

test("without mechanisms, the state has the addresses and the routes, and nothing else is known", async (t) => {
  setVariable(t, "SERVICE_A_GRPC", "10.0.0.1:50051");
  const state = await stateNow();
  assert.deepEqual(v.parse(gatewayState, state), state);
  const [a] = state.upstreams;
  assert.equal(a?.balancing, null);
  const unknown = { breaker: null, ejected: null, active_calls: null, latency_ms: null };
  assert.deepEqual(a?.instances, [{ address: "10.0.0.1:50051", ...unknown }]);
  assert.deepEqual(
    state.routes.map(({ path, retries, rate_limit, cache_ms, fallback, scope }) => [
      path,
      ...[retries, rate_limit, cache_ms, fallback, scope],
    ]),
    [
      ["/a/hello", null, null, null, false, null],
      ["/b/numbers", null, null, null, false, null],
    ],
  );
});

test("routes have the mechanisms that are on for them", async (t) => {
  const variables = {
    UPSTREAM_RETRIES: "2",
    RATE_LIMIT: "20",
    RATE_LIMIT_KEY: "x-client",
    HELLO_CACHE_MS: "500",
    HELLO_FALLBACK: "on",
    AUTH_ISSUER: "http://127.0.0.1:1",
  };
  for (const [name, value] of Object.entries(variables)) setVariable(t, name, value);
  const [a, b] = (await stateNow()).routes;
  const rate_limit = { per_second: 20, burst: 20, key: "x-client" };
  assert.deepEqual(
    [a?.retries, a?.rate_limit, a?.cache_ms, a?.fallback, a?.scope],
    [2, rate_limit, 500, true, "hello"],
  );
  assert.deepEqual(
    [b?.retries, b?.rate_limit, b?.cache_ms, b?.fallback, b?.scope],
    [2, rate_limit, null, false, "numbers"],
  );
});

test("a route of a file has its own rules", async (t) => {
  setVariable(t, "UPSTREAM_RETRIES", "2");
  const env = readEnv();
  const [a] = defaultRoutes(env);
  assert.ok(a);
  const inFlight = { running: 4, waiting: 2, totalMs: 350 };
  const own = { ...a, path: "/v2/x", methods: ["GET"] as const, timeoutMs: 500, retries: 0, inFlight };
  const [route] = (await gatewayStateReader(env, () => [own]))().routes;
  assert.deepEqual(
    [route?.path, route?.methods, route?.timeout_ms, route?.retries, route?.limits],
    ["/v2/x", ["GET"], 500, null, { running: 4, waiting: 2 }],
  );
});

test("a user and a password in an address are not shown", async (t) => {
  setVariable(t, "BACKEND", "rest");
  setVariable(t, "SERVICE_A_REST", "http://ana:se@secret@10.0.0.1:50061/path");
  const text = JSON.stringify(await stateNow());
  assert.ok(text.includes('"http://10.0.0.1:50061/path"'), text);
  assert.ok(!text.includes("ana") && !text.includes("secret"), text);
});

test("instances have the state of their breaker, and their calls and latency", async (t) => {
  const { first, second, all } = await startGateway(
    t,
    "grpc",
    { UPSTREAM_BREAKER_FAILURES: "1", UPSTREAM_BREAKER_OPEN_MS: "60000" },
    2,
  );
  await first.stop();
  await all(4);
  const [a] = (await stateNow()).upstreams;
  assert.equal(a?.balancing, "round-robin");
  assert.deepEqual(
    a?.instances.map(({ address, breaker, ejected, active_calls }) => ({
      ...{ address, breaker, ejected, active_calls },
    })),
    [
      { address: first.address, breaker: "open", ejected: null, active_calls: 0 },
      { address: second.address, breaker: "closed", ejected: null, active_calls: 0 },
    ],
  );
  // A failed call counts as at least a second.
  assert.ok((a?.instances[0]?.latency_ms ?? 0) > 900);
  assert.ok((a?.instances[1]?.latency_ms ?? 0) > 0 && (a?.instances[1]?.latency_ms ?? 1000) < 500);
});
