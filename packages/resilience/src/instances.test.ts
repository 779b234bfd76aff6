import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { chooserFor } from "@lgtm-lab/resilience/balancing";
import { type InstanceEvent, Instances, type InstancesOptions } from "@lgtm-lab/resilience/instances";
import fc from "fast-check";
import { useClock } from "../test/clock.ts";

const NONE = new Set<string>();
const NAMES = ["a", "b", "c"];

function instances(options: Partial<InstancesOptions> = {}, names: readonly string[] = NAMES) {
  const events: InstanceEvent[] = [];
  const subject = new Instances(new Map(names.map((name) => [name, name])), {
    choose: chooserFor("round-robin"),
    onEvent: (event) => events.push(event),
    ...options,
  });
  /** Makes one call; the instances in `broken` fail. Returns the name of the instance. */
  async function call(broken: readonly string[] = [], avoid: ReadonlySet<string> = NONE) {
    const running = subject.begin("client", avoid);
    if (!running) return undefined;
    running.end(broken.includes(running.instance) ? "failed" : "ok");
    await setImmediate(); // the breaker counts in a promise
    return running.instance;
  }
  async function calls(count: number, broken: readonly string[] = []) {
    const made: (string | undefined)[] = [];
    for (let n = 0; n < count; n += 1) made.push(await call(broken));
    return made;
  }
  const stateOf = (name: string) => subject.states.find((each) => each.name === name) ?? assert.fail();
  return { subject, events, call, calls, stateOf };
}

const breaker = (state: string) => ({ kind: "breaker", instance: "a", state });

describe("the circuit breaker of an instance", () => {
  it("opens after consecutive failures, allows one trial call, and closes when it succeeds", async (t) => {
    const { advance } = useClock(t);
    const { subject, events, call, calls, stateOf } = instances({ breaker: { failures: 3, openMs: 5_000 } }, [
      "a",
    ]);
    await calls(2, ["a"]);
    await call();
    await calls(2, ["a"]);
    assert.equal(stateOf("a").breaker, "closed", "a success starts the count again");
    await call(["a"]);
    assert.equal(stateOf("a").breaker, "open");
    assert.equal(await call(), undefined);
    advance(4_999);
    assert.equal(await call(), undefined);
    advance(1);
    const trial = subject.begin("client", NONE);
    assert.ok(trial);
    assert.equal(stateOf("a").breaker, "half-open");
    assert.equal(await call(), undefined, "only one trial call at a time");
    trial.end("failed");
    await setImmediate();
    assert.equal(await call(), undefined, "it opens again");
    advance(5_000);
    assert.equal(await call(), "a");
    assert.equal(stateOf("a").breaker, "closed");
    assert.deepEqual(
      events,
      ["open", "half-open", "open", "half-open", "closed"].map((state) => breaker(state)),
    );
  });

  it("is not changed by a call that was cancelled", async () => {
    const { subject, stateOf, events } = instances({ breaker: { failures: 2, openMs: 5_000 } }, ["a"]);
    for (let n = 0; n < 5; n += 1) subject.begin("client", NONE)?.end("unknown");
    await setImmediate();
    assert.equal(stateOf("a").breaker, "closed");
    assert.deepEqual(events, []);
  });

  for (const [outcome, state] of [
    ["ok", "closed"],
    ["failed", "open"],
  ] as const)
    it(`makes the next call the trial call if one was cancelled: ${outcome} makes the breaker ${state}`, async (t) => {
      const { advance } = useClock(t);
      const { subject, events, calls, call, stateOf } = instances(
        { breaker: { failures: 2, openMs: 5_000 } },
        ["a"],
      );
      await calls(2, ["a"]);
      advance(5_000);
      for (let n = 0; n < 3; n += 1) {
        const trial = subject.begin("client", NONE);
        assert.ok(trial, `trial ${n}`);
        assert.equal(await call(), undefined, "only one trial call at a time");
        trial.end("unknown");
        await setImmediate();
        assert.equal(stateOf("a").breaker, "half-open");
      }
      const trial = subject.begin("client", NONE);
      if (outcome === "ok") trial?.recordResponse();
      trial?.end(outcome);
      assert.equal(subject.begin("client", NONE), undefined, "the breaker has not counted the outcome yet");
      await setImmediate();
      assert.equal(stateOf("a").breaker, state);
      assert.equal(await call(), outcome === "ok" ? "a" : undefined);
      advance(5_000);
      assert.equal(await call(), "a");
      assert.deepEqual(
        events,
        (outcome === "ok"
          ? ["open", "half-open", "closed"]
          : ["open", "half-open", "open", "half-open", "closed"]
        ).map((each) => breaker(each)),
      );
    });

  it("does not continue a cancelled trial call after an older call has reopened the breaker", async (t) => {
    const { advance } = useClock(t);
    const { subject, calls, stateOf } = instances({ breaker: { failures: 2, openMs: 5_000 } }, ["a"]);
    const old = subject.begin("client", NONE);
    await calls(2, ["a"]);
    advance(5_000);
    const late = subject.begin("client", NONE);
    old?.end("failed");
    await setImmediate();
    assert.equal(stateOf("a").breaker, "open");
    late?.end("unknown");
    assert.equal(subject.begin("client", NONE), undefined);
    advance(5_000);
    subject.begin("client", NONE)?.end("failed");
    await setImmediate();
    assert.equal(stateOf("a").breaker, "open", "the outcome of the new trial counts");
  });

  it("closes at the first value of a trial stream, and counts a stream that fails later", async (t) => {
    const { advance } = useClock(t);
    const { subject, calls, stateOf } = instances({ breaker: { failures: 2, openMs: 5_000 } }, ["a"]);
    await calls(2, ["a"]);
    advance(5_000);
    const trial = subject.begin("client", NONE);
    trial?.recordResponse();
    await setImmediate();
    assert.equal(stateOf("a").breaker, "closed");
    for (const stream of [subject.begin("client", NONE), subject.begin("client", NONE)]) {
      stream?.recordResponse();
      await setImmediate();
      stream?.end("failed");
      stream?.end("ok");
      await setImmediate();
    }
    assert.equal(stateOf("a").breaker, "open");
    assert.equal(stateOf("a").running, 1);
  });

  it("does not keep other instances from being used", async () => {
    const { subject, calls } = instances({ breaker: { failures: 1, openMs: 5_000 } });
    const made = await calls(30, ["a"]);
    assert.equal(made.filter((name) => name === "a").length, 1);
    assert.equal(made.includes(undefined), false);
    assert.equal(subject.isAvailable, true);
    await calls(2, NAMES);
    assert.equal(subject.isAvailable, false);
    assert.deepEqual(await calls(1), [undefined]);
  });
});

describe("ejection", () => {
  it("avoids an instance after consecutive failures, for longer each time, and returns it", async (t) => {
    const { advance } = useClock(t);
    const { calls, events, stateOf } = instances({ ejection: { failures: 2, forMs: 10_000 } });
    const share = async (broken: string[]) => (await calls(9, broken)).filter((name) => name === "a").length;
    assert.equal(await share(["a"]), 2);
    assert.equal(stateOf("a").ejected, true);
    advance(10_000);
    assert.equal(await share(["a"]), 2);
    advance(10_000);
    assert.equal(await share([]), 0, "the second ejection lasts twice as long");
    advance(10_000);
    assert.equal(await share([]), 3);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["ejected", "returned", "ejected", "returned"],
    );
  });

  it("never ejects the last instance because of errors", async () => {
    const { calls, subject } = instances({ ejection: { failures: 1, forMs: 10_000 } });
    await calls(20, NAMES);
    assert.equal(subject.states.filter(({ ejected }) => !ejected).length, 1);
  });

  it("follows two failed health checks, and ends with one that succeeds", async () => {
    const { subject, calls, events } = instances();
    subject.recordHealthCheck("b", false);
    assert.deepEqual(new Set(await calls(6)), new Set(NAMES));
    subject.recordHealthCheck("b", false);
    assert.equal((await calls(6)).includes("b"), false);
    subject.recordHealthCheck("b", true);
    assert.equal((await calls(6)).includes("b"), true);
    assert.deepEqual(events, [
      { kind: "ejected", instance: "b", reason: "health" },
      { kind: "returned", instance: "b" },
    ]);
  });

  it("uses all instances if all are unhealthy", async () => {
    const { subject, calls } = instances();
    for (const name of NAMES) for (let n = 0; n < 2; n += 1) subject.recordHealthCheck(name, false);
    assert.deepEqual(new Set(await calls(6)), new Set(NAMES));
  });

  it("checks health at an interval until it is stopped", async (t) => {
    const { advance } = useClock(t);
    const { subject, stateOf } = instances();
    const checked: string[] = [];
    const stop = subject.checkHealth(1_000, async (client) => {
      checked.push(client);
      return client !== "c";
    });
    for (const wait of [0, 1_000, 1_000]) {
      advance(wait);
      await setImmediate();
    }
    assert.equal(checked.length, 9);
    assert.equal(stateOf("c").ejected, true);
    assert.equal(stateOf("a").ejected, false);
    stop();
    advance(5_000);
    assert.equal(checked.length, 9);
  });

  it("counts a check that rejects as failed, and ignores one that ends after the stop", async (t) => {
    const { advance } = useClock(t);
    const { subject, stateOf, events } = instances({}, ["a", "b"]);
    const checks: PromiseWithResolvers<boolean>[] = [];
    const stop = subject.checkHealth(1_000, (client) => {
      if (client === "a") return Promise.reject(new Error("refused"));
      const check = Promise.withResolvers<boolean>();
      checks.push(check);
      return check.promise;
    });
    for (const wait of [0, 1_000, 1_000]) {
      advance(wait);
      await setImmediate();
      if (checks.length < 3) checks.at(-1)?.resolve(checks.length === 1);
      await setImmediate();
    }
    assert.equal(stateOf("a").ejected, true);
    assert.equal(checks.length, 3);
    stop();
    checks.at(-1)?.resolve(false);
    await setImmediate();
    assert.deepEqual(
      events.map(({ instance }) => instance),
      ["a"],
      "the second failed check of b ended after the stop",
    );
  });
});

describe("instances", () => {
  it("avoids the instances of earlier attempts if others are left", async () => {
    const { call } = instances();
    assert.deepEqual(await call([], new Set(["a", "b"])), "c");
    assert.ok(await call([], new Set(NAMES)));
  });

  it("returns a sticky client to its instance after a failover, but not if its instance was down", async () => {
    const { subject, call } = instances({ choose: chooserFor("sticky") });
    assert.equal(await call(), "a");
    assert.equal(await call([], new Set(["a"])), "b");
    assert.equal(await call([], new Set(["a", "b"])), "c");
    assert.equal(await call(), "a", "errors do not move a client");
    for (let n = 0; n < 2; n += 1) subject.recordHealthCheck("a", false);
    const moved = await call();
    assert.notEqual(moved, "a");
    subject.recordHealthCheck("a", true);
    assert.equal(await call(), moved);
  });

  it("avoids a slow instance with least-time, and tries it again later", async (t) => {
    const { advance } = useClock(t);
    const { subject } = instances({ choose: chooserFor("least-time") });
    const call = () => {
      const running = subject.begin("client", NONE);
      advance(running?.instance === "a" ? 500 : 5);
      running?.end("ok");
      return running?.instance;
    };
    const made = Array.from({ length: 60 }, call);
    assert.equal(made.filter((name) => name === "a").length, 1);
    for (let seconds = 0; seconds < 120; seconds += 1) {
      advance(1_000);
      made.push(call());
    }
    assert.ok(made.filter((name) => name === "a").length >= 2);
  });

  it("does not prefer an instance with least-time because it fails quickly", async (t) => {
    const { advance } = useClock(t);
    const { subject } = instances({ choose: chooserFor("least-time") });
    const made = Array.from({ length: 60 }, () => {
      const running = subject.begin("client", NONE);
      advance(running?.instance === "a" ? 0 : 20);
      running?.end(running.instance === "a" ? "failed" : "ok");
      return running?.instance;
    });
    assert.equal(made.filter((name) => name === "a").length, 1);
  });

  it("can be replaced; those that remain keep their state", async () => {
    const { subject, calls, stateOf } = instances({ breaker: { failures: 1, openMs: 5_000 } });
    await calls(3, ["a"]);
    const left = subject.begin("client", new Set(["a", "b"]));
    subject.update(new Map(["a", "b", "d"].map((name) => [name, name])));
    left?.end("ok");
    assert.equal(stateOf("a").breaker, "open");
    assert.deepEqual(new Set(await calls(6)), new Set(["b", "d"]));
  });

  it("does not eject an instance that was removed", async () => {
    const { subject, events } = instances({ ejection: { failures: 1, forMs: 10_000 } });
    const running = subject.begin("client", new Set(["b", "c"]));
    subject.update(new Map(["b", "c"].map((name) => [name, name])));
    running?.end("failed");
    assert.deepEqual(events, []);
  });

  it("counts the running calls after any sequence of outcomes", async () => {
    const outcome = fc.constantFrom("ok", "failed", "unknown", "responded", "open");
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { maxLength: 60 }), async (outcomes) => {
        const { subject } = instances({
          choose: chooserFor("least-connections"),
          breaker: { failures: 3, openMs: 5_000 },
          ejection: { failures: 2, forMs: 10_000 },
        });
        let open = 0;
        for (const each of outcomes) {
          const running = subject.begin("client", NONE);
          if (!running) continue;
          open += 1;
          if (each === "open") continue;
          if (each === "responded") {
            running.recordResponse();
            continue;
          }
          running.end(each);
          running.end("failed");
          open -= 1;
          await setImmediate();
        }
        assert.equal(
          subject.states.reduce((sum, { running }) => sum + running, 0),
          open,
        );
      }),
      { numRuns: 50 },
    );
  });
});
