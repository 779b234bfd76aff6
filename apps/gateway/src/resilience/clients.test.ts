import "../../../../packages/telemetry/test/in-memory.ts";
import assert from "node:assert/strict";
import { it } from "node:test";
import { openCall, Problem } from "@lgtm-lab/service-runtime";
import { sample } from "../../../../packages/telemetry/test/in-memory.ts";
import { readEnv } from "../env.ts";
import { type ResilienceSettings, Upstream } from "./clients.ts";
import { decisionsOf } from "./decisions.ts";

const never = new AbortController().signal;
const aCall = () => openCall({ budgetMs: 10_000, client: never, shutdownSignal: never });

/** A service with one instance. The clients do nothing: each call brings its own function. */
function startUpstream(settings: Partial<ResilienceSettings>) {
  return new Upstream(
    { name: "service-x", balancing: "round-robin", idempotent: true },
    {
      addresses: [{ name: "x:1", address: "x:1" }],
      connect: () => ({ probe: async () => true, close: () => {} }),
    },
    { ...readEnv(), ...settings },
  );
}

for (const [kind, verdict] of [
  ["backend-too-slow", "unknown"],
  ["backend-broken", "failed"],
] as const)
  it(`a stream that ends with ${kind} after its first value is ${verdict}`, async (t) => {
    const upstream = startUpstream({ UPSTREAM_BREAKER_FAILURES: 1 });
    t.after(() => upstream.close());
    using call = aCall();
    const values = upstream.stream(call, async function* () {
      yield 1;
      throw new Problem(kind, "on purpose");
    });
    await assert.rejects(Array.fromAsync(values), { kind });
    const next = upstream.request(call, 0, async () => "sent");
    if (verdict === "failed") await assert.rejects(next, { kind: "backend-down" });
    else assert.equal(await next, "sent");
  });

it("an address that is gone gets no series again", async (t) => {
  const decisions = decisionsOf("service-y", ["y:1", "y:2"], () => []);
  t.after(() => decisions.close());
  const series = [
    'gateway_upstream_calls_total{upstream="service-y",address="y:1",outcome="failed"}',
    'gateway_breaker_transitions_total{upstream="service-y",address="y:1",state="open"}',
    'gateway_ejections_total{upstream="service-y",address="y:1",reason="errors"}',
  ];
  const values = () => Promise.all(series.map(sample));
  const fail = () => {
    decisions.called("y:1", "failed");
    decisions.instance({ kind: "breaker", instance: "y:1", state: "open" });
    decisions.instance({ kind: "ejected", instance: "y:1", reason: "errors" });
  };
  fail();
  assert.deepEqual(await values(), [1, 1, 1]);
  decisions.addresses(["y:2"]);
  fail();
  assert.deepEqual(await values(), [undefined, undefined, undefined]);
});
