import "../../../../packages/telemetry/test/in-memory.ts";
import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { it } from "node:test";
import { openCall, Problem } from "@lgtm-lab/service-runtime";
import { useClock } from "../../../../packages/resilience/test/clock.ts";
import { loggedLines, sample, waitForResult } from "../../../../packages/telemetry/test/in-memory.ts";
import { readEnv } from "../env.ts";
import { createDecisionRecorder } from "./decisions.ts";
import { type ResilienceSettings, Upstream } from "./upstream.ts";

const never = new AbortController().signal;
const aCall = () => openCall({ budgetMs: 10_000, client: never, shutdownSignal: never });

const NONE = { canRetry: false, hasBreakers: false, canEject: false, read: () => [] };

/** A service with one address. Its clients only record that they are closed: each call brings its own function. */
function startUpstream(
  settings: Partial<ResilienceSettings>,
  { closed = [], name = "service-x" }: { closed?: string[]; name?: string } = {},
) {
  return new Upstream(
    { name, balancing: "round-robin", idempotent: true },
    {
      addresses: [{ name: "x:1", address: "x:1" }],
      connect: (address) => ({ address, probe: async () => true, close: () => void closed.push(address) }),
      isAddress: () => true,
    },
    { ...readEnv(), ...settings },
  );
}

for (const [kind, outcome] of [
  ["backend-too-slow", "unknown"],
  ["backend-broken", "failed"],
] as const)
  it(`a stream that ends with ${kind} after its first value is ${outcome}`, async (t) => {
    const upstream = startUpstream({ UPSTREAM_BREAKER_FAILURES: 1 });
    t.after(() => upstream.close());
    using call = aCall();
    const values = upstream.stream(call, async function* () {
      yield 1;
      throw new Problem(kind, "on purpose");
    });
    await assert.rejects(Array.fromAsync(values), { kind });
    const next = upstream.request(call, 0, async () => "sent");
    if (outcome === "failed") await assert.rejects(next, { kind: "backend-down" });
    else assert.equal(await next, "sent");
  });

it("a call that is not retried is logged at level debug, because the failed request has one too", () => {
  const recorder = createDecisionRecorder("service-z", [], NONE);
  const before = loggedLines().length;
  recorder.retry({ outcome: "no_budget", error: new Error("down") });
  recorder.retry({ outcome: "retried", retry: 1, delayMs: 20, error: new Error("down") });
  recorder.close();
  const added = loggedLines().slice(before);
  assert.deepEqual(
    added.map(({ msg }) => msg),
    ["call retried"],
  );
});

for (const [settings, { retries, breaker, ejected }] of [
  [{ UPSTREAM_RETRIES: 1 }, { retries: 0 }],
  [{ ROUTES_FILE: "routes.yaml" }, { retries: 0 }],
  [{ UPSTREAM_BREAKER_FAILURES: 1 }, { breaker: 0 }],
  [{ UPSTREAM_EJECTION_FAILURES: 1 }, { ejected: 0 }],
  [{ UPSTREAM_HEALTH_CHECK_MS: 1_000 }, { ejected: 0 }],
] as readonly [Partial<ResilienceSettings>, { retries?: 0; breaker?: 0; ejected?: 0 }][])
  it(`with only ${Object.keys(settings)}, mechanisms that are off have no series`, async (t) => {
    const name = `service-with-${Object.keys(settings)}`;
    const upstream = startUpstream(settings, { name });
    t.after(() => upstream.close());
    const labels = `upstream="${name}",address="x:1"`;
    for (const [series, expected] of Object.entries({
      [`gateway_retries_total{upstream="${name}",outcome="retried"}`]: retries,
      [`gateway_breaker_rejections_total{upstream="${name}"}`]: breaker,
      [`gateway_breaker_transitions_total{${labels},state="open"}`]: breaker,
      [`gateway_breaker_state{${labels}}`]: breaker,
      [`gateway_ejections_total{${labels},reason="errors"}`]: ejected,
      [`gateway_instance_ejected{${labels}}`]: ejected,
      [`gateway_instance_active_calls{${labels}}`]: 0,
      [`gateway_upstream_latency_seconds_total{${labels}}`]: 0,
    }))
      assert.equal(await sample(series), expected, series);
  });

it("latency counts only successful calls, without the time that their parameters require", async (t) => {
  const clock = useClock(t);
  const name = "service-measured";
  const upstream = startUpstream({}, { name });
  t.after(() => upstream.close());
  using call = aCall();
  await upstream.request(call, 100, async () => clock.advance(350));
  await assert.rejects(
    upstream.request(call, 0, async () => {
      clock.advance(5_000);
      throw new Problem("backend-broken", "on purpose");
    }),
  );
  const stream = upstream.stream(call, async function* () {
    clock.advance(250);
    yield 1;
    clock.advance(60_000);
    yield 2;
  });
  assert.equal((await Array.fromAsync(stream)).length, 2);
  const series = `gateway_upstream_latency_seconds_total{upstream="${name}",address="x:1"}`;
  assert.equal(await sample(series), 0.5);
});

it("an address that is gone gets no series again", async (t) => {
  const recorder = createDecisionRecorder("service-y", ["y:1", "y:2"], NONE);
  t.after(() => recorder.close());
  const series = [
    'gateway_upstream_calls_total{upstream="service-y",address="y:1",outcome="failed"}',
    'gateway_upstream_latency_seconds_total{upstream="service-y",address="y:1"}',
    'gateway_breaker_transitions_total{upstream="service-y",address="y:1",state="open"}',
    'gateway_ejections_total{upstream="service-y",address="y:1",reason="errors"}',
  ];
  const values = () => Promise.all(series.map(sample));
  const fail = () => {
    recorder.called("y:1", "failed", 1);
    recorder.called("y:1", "ok", 1_000);
    recorder.instance({ kind: "breaker", instance: "y:1", state: "open" });
    recorder.instance({ kind: "ejected", instance: "y:1", reason: "errors" });
  };
  fail();
  assert.deepEqual(await values(), [1, 1, 1, 1]);
  recorder.addresses(["y:2"]);
  fail();
  assert.deepEqual(await values(), [undefined, undefined, undefined, undefined]);
});

it("the client of an address that is gone is closed when its last call has ended", async (t) => {
  let ip = "10.0.0.1";
  t.mock.method(dns, "lookup", async () => [{ address: ip, family: 4 }]);
  const closed: string[] = [];
  const upstream = startUpstream({ UPSTREAM_DNS_MS: 20 }, { closed });
  t.after(() => upstream.close());
  using call = aCall();
  /** Begins a call at an address, when it is in use. */
  const begin = (address: string) =>
    waitForResult(async () => {
      const held = Promise.withResolvers<void>();
      const used = Promise.withResolvers<string>();
      const ended = upstream.request(call, 0, (client) => {
        used.resolve(client.address);
        return held.promise;
      });
      const end = () => {
        held.resolve();
        return ended;
      };
      if ((await used.promise) === address) return end;
      await end();
      return undefined;
    });
  const calls = [await begin("10.0.0.1:1"), await begin("10.0.0.1:1")];
  assert.deepEqual(closed, ["x:1"], "an idle one at once");
  ip = "10.0.0.2";
  const other = await begin("10.0.0.2:1");
  await calls[0]?.();
  assert.deepEqual(closed, ["x:1"]);
  await calls[1]?.();
  assert.deepEqual(closed, ["x:1", "10.0.0.1:1"]);
  await other();
});
