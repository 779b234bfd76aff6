// First, as in `register`: later imports of @grpc/grpc-js must find it patched.
import "../../../../packages/telemetry/src/tracing/instrumentations.ts";
import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { PROTOCOLS } from "@lgtm-lab/contracts";
import { openCall, Problem } from "@lgtm-lab/service-runtime";
import { SpanKind } from "@opentelemetry/api";
import writeFileAtomic from "write-file-atomic";
import {
  finishedSpans,
  line,
  reset,
  sample,
  span,
  waitForResult,
} from "../../../../packages/telemetry/test/in-memory.ts";
import { loadedModules, startGateway } from "../../test/gateway.ts";
import { startInstance, startSilentAddress } from "../../test/upstream.ts";
import { readEnv } from "../env.ts";
import { Upstream } from "./upstream.ts";

const never = new AbortController().signal;

const SSE = { accept: "text/event-stream" };
const every = (statuses: readonly number[], wanted: number) =>
  assert.deepEqual([...new Set(statuses)], [wanted], `${statuses}`);

for (const protocol of PROTOCOLS)
  describe(`retries over ${protocol}`, () => {
    it("hide a failure of an idempotent call", async (t) => {
      const { first, all, get, calls } = await startGateway(t, protocol, {
        UPSTREAM_RETRIES: "2",
        UPSTREAM_RETRY_BUDGET: "100",
      });
      first.behaviour = (call) => (call % 2 === 1 ? "fail" : "ok");
      every(await all(5), 200);
      assert.equal(calls(), 10);
      for (const headers of [{}, SSE])
        assert.equal((await get("/b/numbers?count=3", headers)).status, 200, JSON.stringify(headers));
      assert.equal(calls(), 14);
    });

    it("never multiply the load of an outage", async (t) => {
      const { first, hello, calls } = await startGateway(t, protocol, { UPSTREAM_RETRIES: "5" });
      first.behaviour = "fail";
      const requests = 200;
      for (let sent = 0; sent < requests; sent += 10)
        every(
          (await Promise.all(Array.from({ length: 10 }, () => hello()))).map(({ status }) => status),
          502,
        );
      console.log(`    ${calls()} upstream calls of ${requests} requests, at most ${requests * 1.2}`);
      assert.ok(calls() <= requests * 1.2 && calls() > requests * 1.1, `${calls()}`);
    });

    it("end before the deadline", async (t) => {
      const { first, hello, calls } = await startGateway(t, protocol, {
        UPSTREAM_RETRIES: "5",
        UPSTREAM_RETRY_BUDGET: "100",
      });
      every(
        (await Promise.all(Array.from({ length: 20 }, () => hello()))).map(({ status }) => status),
        200,
      );
      const decided = (outcome: string) =>
        sample(`gateway_retries_total{upstream="service-a",outcome="${outcome}"}`);
      const [before, late] = [calls(), (await decided("no_time")) ?? 0];
      // Five retries take about half a second.
      const deadlineMs = 120;
      let hasResponded = false;
      let attemptsAfter = 0;
      first.behaviour = () => {
        if (hasResponded) attemptsAfter += 1;
        return "fail";
      };
      const start = performance.now();
      let requests = 0;
      while ((await decided("no_time")) === late) {
        requests += 1;
        assert.ok(requests < 200, "no retry was refused because of the deadline");
        hasResponded = false;
        const { status } = await hello({ "x-request-timeout-ms": `${deadlineMs}` });
        assert.ok(status === 502 || status === 504, `${status}`);
        // After a 504, an attempt that the gateway has already made may still reach the upstream.
        hasResponded = status === 502;
      }
      assert.equal(attemptsAfter, 0, "an attempt after the response");
      console.log(
        `    ${calls() - before} attempts of ${requests} requests in ${performance.now() - start} ms`,
      );
    });

    it("of a stream end at its first value", async (t) => {
      const { first, get, calls } = await startGateway(t, protocol, {
        UPSTREAM_RETRIES: "3",
        UPSTREAM_RETRY_BUDGET: "100",
      });
      first.behaviour = "half-way";
      const { status, text } = await get("/b/numbers?count=3", SSE);
      assert.equal(status, 200);
      assert.match(text, /event: number\ndata: {"value":1}/);
      assert.match(text, /event: error/);
      assert.equal(calls(), 1);
    });

    it("prefer another instance", async (t) => {
      const { first, all } = await startGateway(
        t,
        protocol,
        { UPSTREAM_RETRIES: "1", UPSTREAM_RETRY_BUDGET: "100" },
        3,
      );
      await first.stop();
      every(await all(12), 200);
    });
  });

for (const protocol of PROTOCOLS)
  describe(`the timeout of an attempt over ${protocol}`, () => {
    // Long enough for an attempt that succeeds on a busy machine.
    const TIMED = { UPSTREAM_RETRIES: "2", UPSTREAM_RETRY_BUDGET: "100", UPSTREAM_ATTEMPT_TIMEOUT_MS: "400" };
    // A single slow attempt of the healthy instance would count as its failure.
    const LONG_TIMEOUT = { ...TIMED, UPSTREAM_ATTEMPT_TIMEOUT_MS: "1500" };
    const never = new Promise<void>(() => {});

    it("no request fails while one of two addresses does not answer", async (t) => {
      const silent = await startSilentAddress(t, protocol);
      const { address } = await startInstance(t, protocol);
      const addresses = Object.fromEntries(
        ["A", "B"].map((name) => [`SERVICE_${name}_${protocol.toUpperCase()}`, `${silent},${address}`]),
      );
      const { all, get } = await startGateway(t, protocol, { ...TIMED, ...addresses });
      every(await all(6), 200);
      for (const headers of [{}, {}, SSE, SSE])
        assert.equal((await get("/b/numbers?count=3", headers)).status, 200, JSON.stringify(headers));
    });

    it("an instance that does not respond is ejected, or its circuit breaker opens", async (t) => {
      for (const mechanism of ["UPSTREAM_EJECTION_FAILURES", "UPSTREAM_BREAKER_FAILURES"]) {
        const { first, all } = await startGateway(t, protocol, { ...LONG_TIMEOUT, [mechanism]: "1" }, 2);
        first.behaviour = { until: never };
        every(await all(6), 200);
        assert.equal(first.calls, 1, mechanism);
      }
    });

    it("without a budget, an attempt goes on: a slow service gets no more calls, and its responses arrive", async (t) => {
      const { first, all, get, calls } = await startGateway(t, protocol, {
        ...TIMED,
        UPSTREAM_RETRY_BUDGET: "1",
        UPSTREAM_ATTEMPT_TIMEOUT_MS: "20",
      });
      first.behaviour = { slowMs: 60 };
      every(await all(5), 200);
      assert.equal((await get("/b/numbers?count=3", SSE)).status, 200);
      assert.equal(calls(), 6);
    });

    it("is in addition to the time that the call's parameters require", async (t) => {
      const { first, get, calls } = await startGateway(t, protocol, TIMED);
      first.behaviour = { slowMs: 450 };
      assert.equal((await get("/b/numbers?count=2&delay_ms=500")).status, 200);
      assert.equal(calls(), 1);
    });

    it("the attempt that ended is in the trace, and the retry says why", async (t) => {
      const { first, hello, calls } = await startGateway(t, protocol, TIMED);
      first.behaviour = (call) => (call === 1 ? { until: never } : "ok");
      reset();
      assert.equal((await hello()).status, 200);
      const logged = await line(({ msg }) => msg === "call retried");
      assert.equal(logged.reason, "no response after 400 ms");
      assert.equal(calls(), 2);
      await waitForResult(async () => {
        const found = finishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
        return found.length === 2;
      });
    });
  });

it("a call that is not idempotent is never retried", async () => {
  let attempts = 0;
  const client = { probe: async () => true, close: () => {} };
  const settings = {
    ...readEnv(),
    UPSTREAM_RETRIES: 3,
    UPSTREAM_RETRY_BUDGET: 100,
  };
  for (const [idempotent, wanted] of [
    [false, 1],
    [true, 2],
  ] as const) {
    attempts = 0;
    const upstream = new Upstream(
      { name: "service-x", balancing: "round-robin", idempotent },
      { addresses: [{ name: "x", address: "x" }], connect: () => client, isAddress: () => true },
      settings,
    );
    using call = openCall({ budgetMs: 2_000, client: never, shutdownSignal: never });
    const failing = async () => {
      attempts += 1;
      throw new Problem("backend-down", "down");
    };
    await assert.rejects(
      upstream.request(call, 0, () => failing()),
      { kind: "backend-down" },
    );
    upstream.close();
    assert.equal(attempts, wanted);
  }
});

for (const protocol of PROTOCOLS)
  describe(`the circuit breaker over ${protocol}`, () => {
    /** A gateway whose breaker has just opened. */
    const opened = async (t: TestContext, openMs: string) => {
      const gateway = await startGateway(t, protocol, {
        UPSTREAM_BREAKER_FAILURES: "3",
        UPSTREAM_BREAKER_OPEN_MS: openMs,
      });
      const { first, all } = gateway;
      const state = () => sample(`gateway_breaker_state{upstream="service-a",address="${first.address}"}`);
      first.behaviour = "fail";
      every(await all(3), 502);
      assert.equal(await state(), 2);
      return { ...gateway, state };
    };

    it("opens, and then no call is made", async (t) => {
      const { hello, all, calls } = await opened(t, "60000");
      const { status, text } = await hello();
      assert.equal(status, 503);
      assert.match(text, /backend-down.*circuit breaker/);
      every(await all(5), 503);
      assert.equal(calls(), 3);
    });

    it("ends the retries of the request that opens it, whose error stays", async (t) => {
      const { first, hello, calls } = await startGateway(t, protocol, {
        UPSTREAM_BREAKER_FAILURES: "1",
        UPSTREAM_RETRIES: "1",
        UPSTREAM_RETRY_BUDGET: "100",
      });
      const rejections = () => sample('gateway_breaker_rejections_total{upstream="service-a"}');
      const before = await rejections();
      first.behaviour = "fail";
      assert.equal((await hello()).status, 502);
      assert.equal(calls(), 1);
      assert.equal(await rejections(), before);
    });

    it("allows one trial call, and closes", async (t) => {
      const { first, hello, all, calls, state } = await opened(t, "200");
      await waitForResult(async () => (await hello()).status === 502);
      assert.equal(calls(), 4, "one call tries");
      assert.equal(await state(), 2);
      first.behaviour = "ok";
      await waitForResult(async () => (await hello()).status === 200);
      assert.equal(calls(), 5, "one call tries");
      assert.equal(await state(), 0);
      every(await all(5), 200);
    });

    it("is not opened by clients with short deadlines", async (t) => {
      const { first, hello } = await startGateway(t, protocol, { UPSTREAM_BREAKER_FAILURES: "2" });
      first.behaviour = { slowMs: 60 };
      for (let n = 0; n < 5; n += 1) assert.equal((await hello({ "x-request-timeout-ms": "5" })).status, 504);
      assert.equal((await hello()).status, 200);
    });
  });

for (const protocol of PROTOCOLS)
  describe(`three instances over ${protocol}`, () => {
    it("share the calls", async (t) => {
      const { all, upstreams } = await startGateway(t, protocol, {}, 3);
      every(await all(12), 200);
      assert.deepEqual(
        upstreams.map(({ calls }) => calls),
        [4, 4, 4],
      );
    });

    it("a dead one is avoided", async (t) => {
      const { first, all } = await startGateway(
        t,
        protocol,
        { UPSTREAM_EJECTION_FAILURES: "2", UPSTREAM_EJECTION_MS: "60000" },
        3,
      );
      await first.stop();
      const statuses = await all(20);
      assert.deepEqual(statuses.filter((status) => status !== 200).length, 2, `${statuses}`);
    });

    it("one that was ejected is used again when it is back", async (t) => {
      const { first, hello } = await startGateway(
        t,
        protocol,
        { UPSTREAM_EJECTION_FAILURES: "2", UPSTREAM_EJECTION_MS: "100" },
        3,
      );
      await first.stop();
      const labels = `upstream="service-a",address="${first.address}",reason="errors"`;
      await waitForResult(async () => {
        await hello();
        return sample(`gateway_ejections_total{${labels}}`);
      });
      await first.restart();
      await waitForResult(async () => {
        await hello();
        return first.calls > 0;
      });
    });

    it("one that fails its health checks is avoided before a request fails", async (t) => {
      const { first, all, upstreams } = await startGateway(
        t,
        protocol,
        { UPSTREAM_HEALTH_CHECK_MS: "20" },
        3,
      );
      const ejected = () =>
        sample(`gateway_instance_ejected{upstream="service-a",address="${first.address}"}`);
      reset();
      first.healthy = false;
      await waitForResult(async () => (await ejected()) === 1);
      every(await all(9), 200);
      assert.equal(first.calls, 0);
      assert.equal(upstreams[1]?.calls, 5);
      first.healthy = true;
      await waitForResult(async () => (await ejected()) === 0);
      // Health checks have no spans: each trace begins with a request to the gateway.
      const roots = finishedSpans().filter(({ parentSpanContext }) => !parentSpanContext);
      assert.deepEqual([...new Set(roots.map(({ name }) => name))], ["GET /a/hello"]);
    });

    // `most`: the maximum number of the six concurrent calls that each algorithm can send to the held instance.
    for (const [balancing, most] of [
      ["least-connections", 2],
      ["random-two", 3],
    ] as const)
      it(`one that does not respond receives few calls with ${balancing}`, async (t) => {
        const { first, get, calls } = await startGateway(t, protocol, { SERVICE_B_BALANCING: balancing }, 3);
        const { promise: held, resolve: release } = Promise.withResolvers<void>();
        first.behaviour = { until: held };
        const isServed = () => calls() - first.calls >= 100;
        const client = async () => {
          // The parameters only lengthen the deadline: these upstreams send the values at once.
          while (!isServed())
            assert.equal((await get("/b/numbers?count=2&delay_ms=60000")).status, 200, "in time");
          release();
        };
        await Promise.all(Array.from({ length: 6 }, client));
        assert.ok(first.calls <= most, `${first.calls} of ${calls()}`);
      });

    it("a slow one is left alone with least-time", async (t) => {
      const { first, all, calls } = await startGateway(t, protocol, { SERVICE_A_BALANCING: "least-time" }, 3);
      first.behaviour = { slowMs: 1_000 };
      await all(30);
      assert.deepEqual([first.calls, calls()], [1, 30]);
    });

    for (const [balancing, key] of [
      ["hash", "x-user"],
      ["sticky", "x-user"],
      ["hash", "client-address"],
    ] as const)
      it(`each client stays at one instance: ${balancing} of ${key}`, async (t) => {
        const { hello } = await startGateway(
          t,
          protocol,
          { SERVICE_A_BALANCING: balancing, BALANCING_KEY: key },
          3,
        );
        const used = new Map<string, Set<number>>();
        // With 30 users it is practically impossible that random ports give all of them the same instance.
        for (let n = 0; n < 60; n += 1) {
          const user = `user-${n % 30}`;
          const { text } = await hello({ "x-user": user });
          const instances = used.get(user) ?? new Set();
          used.set(user, instances.add(instanceIn(text)));
        }
        for (const [user, instances] of used) assert.equal(instances.size, 1, user);
        const together = new Set([...used.values()].flatMap((each) => [...each]));
        assert.equal(together.size > 1, key === "x-user", `${[...together]}`);
      });

    it("SERVICE_B_BALANCING_KEY replaces BALANCING_KEY for service B only", async (t) => {
      const variables = {
        SERVICE_A_BALANCING: "hash",
        SERVICE_B_BALANCING: "hash",
        BALANCING_KEY: "x-user",
        SERVICE_B_BALANCING_KEY: "client-address",
      };
      const { get, upstreams } = await startGateway(t, protocol, variables, 3);
      const used = async (path: string) => {
        const before = upstreams.map(({ calls }) => calls);
        for (let n = 0; n < 30; n += 1)
          assert.equal((await get(path, { "x-user": `user-${n}` })).status, 200);
        return upstreams.filter(({ calls }, index) => calls > (before[index] ?? 0)).length;
      };
      assert.ok((await used("/a/hello")) > 1, "by header");
      assert.equal(await used("/b/numbers?count=2"), 1, "by address");
    });

    for (const instances of [1, 3])
      it(`are all used through the lossy link of a fault: ${instances}`, async (t) => {
        const { all, get, services, calls, upstreams } = await startGateway(t, protocol, {}, instances);
        const undo = await services.useLossyLink({ reset_share: 0, delay_share: 0, delay_ms: 0 });
        every(await all(6), 200);
        for (const headers of [{}, SSE]) assert.equal((await get("/b/numbers?count=3", headers)).status, 200);
        undo();
        every(await all(6), 200);
        assert.equal(calls(), 14);
        assert.ok(upstreams.every((each) => each.calls > 0));
      });
  });

/** Why a test that listens on 127.0.0.2 is skipped. */
const ONE_LOOPBACK_ADDRESS = process.platform === "darwin" && "macOS has no 127.0.0.2";

for (const protocol of PROTOCOLS)
  it(`${protocol}: each address of a name is an instance`, { skip: ONE_LOOPBACK_ADDRESS }, async (t) => {
    const first = await startInstance(t, protocol);
    const port = Number(/\d+$/.exec(first.address)?.[0]);
    const second = await startInstance(t, protocol, { host: "127.0.0.2", port });
    t.mock.method(dns, "lookup", async () => ["127.0.0.1", "127.0.0.2"].map((address) => ({ address })));
    const named = first.address.replace("127.0.0.1", "service-a.test");
    const { hello } = await startGateway(t, protocol, {
      [`SERVICE_A_${protocol.toUpperCase()}`]: named,
      UPSTREAM_DNS_MS: "50",
    });
    await waitForResult(async () => {
      await hello();
      return first.calls > 0 && second.calls > 0;
    });
    const counted = async (address: string) =>
      sample(`gateway_upstream_calls_total{upstream="service-a",address="${address}",outcome="ok"}`);
    assert.equal(await counted(first.address), first.calls);
    assert.equal(await counted(second.address), second.calls);
    assert.equal(await counted(named), undefined, "the series of the name is gone");
  });

/** The greeting of a test upstream ends in its port. */
const instanceIn = (text: string): number => Number(/\[(\d+)\]/.exec(text)?.[1]);

describe("the fallback", () => {
  it("answers for a service A that fails, and is marked as such", async (t) => {
    const { first, hello, get } = await startGateway(t, "grpc", { HELLO_FALLBACK: "on" });
    const before = await hello();
    assert.equal(before.headers.get("x-lab-fallback"), null);
    assert.equal(JSON.parse(before.text).from, "A");
    reset();
    await first.stop();
    const { status, headers, text } = await hello();
    assert.equal(status, 200);
    assert.equal(headers.get("x-lab-fallback"), "true");
    assert.deepEqual(JSON.parse(text), {
      from: "gateway",
      message: "Olá, Ana! [fallback]",
      fallback: true,
    });
    const { trace_id } = await line(({ msg }) => msg === "fallback sent");
    assert.equal(trace_id, headers.get("x-trace-id"));
    assert.equal((await sample('gateway_fallbacks_total{http_route="/a/hello"}')) ?? 0, 1);
    assert.equal((await get("/b/numbers?count=3")).status, 503, "only /a/hello has one");
    assert.equal((await get(`/a/hello?name=${"x".repeat(300)}`)).status, 400);
  });
});

/** The span of a request to the gateway. */
const serverSpan = () => span(({ name, kind }) => name === "GET /a/hello" && kind === SpanKind.SERVER);

describe("decisions are visible", () => {
  for (const protocol of PROTOCOLS)
    it(`${protocol}: each attempt is in the same trace; a retry is an event, an attribute, a log line and a metric`, async (t) => {
      const { first, hello } = await startGateway(t, protocol, {
        UPSTREAM_RETRIES: "1",
        UPSTREAM_RETRY_BUDGET: "100",
      });
      const retried = () => sample('gateway_retries_total{upstream="service-a",outcome="retried"}');
      first.behaviour = (call) => (call === 1 ? "fail" : "ok");
      reset();
      const before = (await retried()) ?? 0;
      const { status, headers } = await hello();
      assert.equal(status, 200);
      const traceId = headers.get("x-trace-id");
      const server = await serverSpan();
      const spans = finishedSpans().filter((each) => each.spanContext().traceId === traceId);
      const attempts = spans.filter(
        ({ kind, parentSpanContext }) =>
          kind === SpanKind.CLIENT && parentSpanContext?.spanId === server.spanContext().spanId,
      );
      assert.equal(attempts.length, 2);
      assert.equal(server.attributes["lab.retries"], 1);
      assert.deepEqual(
        server.events.map(({ name }) => name),
        ["upstream.retry"],
      );
      const logged = await line(({ msg }) => msg === "call retried");
      assert.equal(logged.trace_id, traceId);
      assert.equal(await retried(), before + 1);
    });

  it("a breaker that opens is an event of the request, a log line with its trace id, and a metric", async (t) => {
    const { first, hello } = await startGateway(t, "grpc", { UPSTREAM_BREAKER_FAILURES: "1" });
    first.behaviour = "fail";
    reset();
    const { headers } = await hello();
    const logged = await line(({ msg }) => msg === "circuit breaker changed");
    assert.equal(logged.trace_id, headers.get("x-trace-id"));
    assert.equal(logged.address, first.address);
    const server = await serverSpan();
    assert.deepEqual(
      server.events.map(({ name }) => name),
      ["upstream.breaker"],
    );
    const labels = `upstream="service-a",address="${first.address}",state="open"`;
    assert.equal(await sample(`gateway_breaker_transitions_total{${labels}}`), 1);
    const rejections = () => sample('gateway_breaker_rejections_total{upstream="service-a"}');
    const before = (await rejections()) ?? 0;
    await hello();
    assert.equal(await rejections(), before + 1);
  });
});

it("without these settings, none of the mechanisms is loaded", () => {
  const count = (variables: Record<string, string>) =>
    loadedModules(variables).filter((url) => /cockatiel|\/jose\/|gateway\/src\/(resilience|edge)/.test(url))
      .length;
  assert.equal(count({}), 0);
  assert.ok(count({ UPSTREAM_RETRIES: "1" }) > 0);
  assert.ok(count({ AUTH_ISSUER: "http://127.0.0.1:1" }) > 0);
});

for (const protocol of PROTOCOLS)
  describe(`instances in a file, over ${protocol}`, () => {
    it("are used as the file changes, without a failed request; before it exists a request gets a 503", async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "instances-"));
      t.after(() => rmSync(folder, { recursive: true }));
      const file = join(folder, "a");
      const variable = `SERVICE_A_${protocol.toUpperCase()}`;
      const { first, second, hello, all } = await startGateway(
        t,
        protocol,
        { [variable]: `file:${file}` },
        2,
      );
      const { status, text } = await hello();
      assert.equal(status, 503);
      assert.match(text, /service-a is unavailable: its instances file has no address yet/);
      writeFileSync(file, first.address);
      await waitForResult(async () => (await hello()).status === 200);
      writeFileAtomic.sync(file, `${first.address}\n${second.address}\n`);
      await waitForResult(async () => {
        every(await all(2), 200);
        return second.calls > 0;
      });
      writeFileAtomic.sync(file, second.address);
      await waitForResult(async () => {
        const before = first.calls;
        every(await all(4), 200);
        return first.calls === before;
      });
      rmSync(file);
      every(await all(4), 200);
    });
  });
