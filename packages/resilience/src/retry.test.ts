import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { chooserFor } from "@lgtm-lab/resilience/balancing";
import { Instances } from "@lgtm-lab/resilience/instances";
import { type RetriedCall, Retrier, RetryBudget, type RetryDecision } from "@lgtm-lab/resilience/retry";
import fc from "fast-check";
import { useClock } from "../test/clock.ts";

const transient = new Error("transient");

/** A call with a deadline, which a test can end. */
function openCall(timeoutMs = 10_000) {
  const deadline = performance.now() + timeoutMs;
  const listeners: (() => void)[] = [];
  const call = {
    ended: undefined as unknown,
    onEnded: (listener: () => void) => void listeners.push(listener),
    remainingMs: () => Math.max(1, deadline - performance.now()),
    end() {
      call.ended = new Error("the client disconnected");
      for (const listener of listeners) listener();
    },
  };
  return call satisfies RetriedCall;
}

/** A retrier whose decisions are recorded, and an operation that fails a number of times. */
function retrier({
  retries = 3,
  percent = 100,
  saved = 10,
  isPossible,
  attemptTimeoutMs,
}: {
  retries?: number;
  percent?: number;
  saved?: number;
  isPossible?: () => boolean;
  attemptTimeoutMs?: number;
} = {}) {
  const decisions: RetryDecision[] = [];
  const budget = new RetryBudget(percent);
  for (let n = 0; n < saved; n += 1) budget.addRequest();
  const subject = new Retrier({
    retries,
    budget,
    isTransient: (error) => error === transient,
    isPossible,
    attemptTimeoutMs,
    onDecision: (decision) => decisions.push(decision),
  });
  let attempts = 0;
  const failing = (failures: number, error: unknown = transient) => {
    attempts = 0;
    return async () => {
      attempts += 1;
      if (attempts <= failures) throw error;
      return "done";
    };
  };
  return {
    subject,
    budget,
    failing,
    attempts: () => attempts,
    outcomes: () => decisions.map(({ outcome }) => outcome),
    decisions,
  };
}

describe("Retrier", () => {
  it("retries a call until it succeeds, with a random delay", async () => {
    const { subject, failing, attempts, outcomes, decisions } = retrier();
    assert.equal(await subject.run(openCall(), failing(2)), "done");
    assert.equal(attempts(), 3);
    assert.deepEqual(outcomes(), ["retried", "retried"]);
    for (let n = 0; n < 5; n += 1) await subject.run(openCall(), failing(1));
    const delays = decisions.flatMap((each) => (each.outcome === "retried" ? [each.delayMs] : []));
    assert.ok(delays.every((delay) => delay >= 0 && delay <= 250));
    assert.ok(new Set(delays).size > 1, `${delays}`);
  });

  it("throws the last error when no retry is left", async () => {
    const { subject, failing, attempts, outcomes } = retrier({ retries: 2 });
    await assert.rejects(subject.run(openCall(), failing(9)), transient);
    assert.equal(attempts(), 3);
    assert.deepEqual(outcomes(), ["retried", "retried", "max_retries"]);
  });

  it("does not retry a call after an error that is not transient", async () => {
    const { subject, failing, attempts, outcomes } = retrier();
    const permanent = new Error("permanent");
    await assert.rejects(subject.run(openCall(), failing(1, permanent)), permanent);
    assert.equal(attempts(), 1);
    assert.deepEqual(outcomes(), []);
  });

  it("does not begin a retry that would start after the deadline", async (t) => {
    const clock = useClock(t);
    const { subject, outcomes } = retrier({ retries: 100, saved: 100 });
    const deadline = clock.now() + 200;
    const begunAt: number[] = [];
    let hasEnded = false;
    const attempt = async () => {
      begunAt.push(clock.now());
      throw transient;
    };
    const result = subject.run(openCall(200), attempt).finally(() => {
      hasEnded = true;
    });
    const rejected = assert.rejects(result, transient);
    for (let ms = 0; ms < 1_000 && !hasEnded; ms += 1) {
      await setImmediate();
      clock.advance(1);
    }
    await rejected;
    assert.ok(begunAt.length > 1, `${begunAt}`);
    assert.ok(
      begunAt.every((at) => at < deadline),
      `${begunAt}; the deadline is ${deadline}`,
    );
    assert.equal(outcomes().at(-1), "no_time");
  });

  it("stops when the call ends, also while it waits", async (t) => {
    useClock(t); // no delay ends by itself
    const { subject, failing, attempts, outcomes } = retrier();
    const call = openCall();
    const result = subject.run(call, failing(9));
    while (outcomes().length === 0) await setImmediate();
    call.end();
    await assert.rejects(result, transient);
    assert.equal(attempts(), 1);
    await assert.rejects(subject.run(call, failing(9)), transient);
    assert.equal(attempts(), 1);
  });

  it("throws the error at once, and spends no budget, if the attempt has opened the only circuit breaker", async (t) => {
    useClock(t); // no delay ends by itself
    const instances = new Instances(new Map([["a", "a"]]), {
      choose: chooserFor("round-robin"),
      breaker: { failures: 2, openMs: 5_000 },
      onEvent() {},
    });
    const isPossible = () => instances.isAvailable;
    const { subject, budget, outcomes } = retrier({ saved: 0, isPossible });
    const fail = async () => {
      const running = instances.begin("client", new Set());
      if (!running) throw new Error("no instance");
      try {
        throw transient;
      } finally {
        running.end("failed");
      }
    };
    await assert.rejects(fail, transient); // the breaker is still closed
    await assert.rejects(subject.run(openCall(), fail), transient);
    assert.equal(instances.isAvailable, false);
    assert.deepEqual(outcomes(), []);
    assert.equal(budget.take(), true);
  });

  it("ends an attempt at its timeout and makes another one, but not the last one", async (t) => {
    const { advance } = useClock(t);
    const { subject, outcomes, decisions } = retrier({ retries: 1, attemptTimeoutMs: 100 });
    const begun: PromiseWithResolvers<string>[] = [];
    const result = subject.run(
      openCall(),
      ({ onTimeout }) => {
        const attempt = Promise.withResolvers<string>();
        begun.push(attempt);
        onTimeout(() => attempt.reject(new Error("cancelled")));
        return attempt.promise;
      },
      { expectedMs: 50 },
    );
    advance(149);
    await setImmediate();
    assert.deepEqual(outcomes(), []);
    advance(1);
    await setImmediate();
    assert.deepEqual(outcomes(), ["retried"]);
    assert.match(String(decisions[0]?.error), /no response after 150 ms/);
    await setImmediate();
    advance(250); // the longest delay
    await setImmediate();
    assert.equal(begun.length, 2);
    advance(5_000);
    begun[1]?.resolve("late");
    assert.equal(await result, "late");
    assert.deepEqual(outcomes(), ["retried"]);
  });

  it("lets an attempt go on after its timeout if no retry may follow, and reports only its failure", async (t) => {
    const { advance } = useClock(t);
    const { subject, outcomes } = retrier({ saved: 0, percent: 1, attemptTimeoutMs: 100 });
    for (const isLate of [true, false]) {
      const attempt = Promise.withResolvers<string>();
      const result = subject.run(openCall(), () => attempt.promise);
      advance(1_000);
      assert.deepEqual(outcomes(), []);
      if (isLate) attempt.resolve("late");
      else attempt.reject(transient);
      if (isLate) assert.equal(await result, "late");
      else await assert.rejects(result, transient);
    }
    assert.deepEqual(outcomes(), ["no_budget"]);
  });

  it("decides once about an attempt that fails, also if its timeout passes before the next one", async (t) => {
    const { advance } = useClock(t);
    const { subject, budget, failing, outcomes } = retrier({ saved: 1, attemptTimeoutMs: 1 });
    t.mock.method(Math, "random", () => 0.5); // the first delay is longer than the timeout
    const result = subject.run(openCall(), failing(1));
    await setImmediate();
    assert.deepEqual(outcomes(), ["retried"]);
    advance(250);
    assert.equal(await result, "done");
    assert.deepEqual(outcomes(), ["retried"]);
    assert.equal(budget.take(), true, "of two requests, only one was used for a retry");
  });

  it("gives the retry back, and reports none, if a timeout opens the only circuit breaker", async (t) => {
    const { advance } = useClock(t);
    const instances = new Instances(new Map([["a", "a"]]), {
      choose: chooserFor("round-robin"),
      breaker: { failures: 1, openMs: 5_000 },
      onEvent() {},
    });
    const isPossible = () => instances.isAvailable;
    const { subject, budget, outcomes } = retrier({ saved: 0, isPossible, attemptTimeoutMs: 100 });
    const cancelled = new Error("cancelled");
    const result = subject.run(openCall(), async ({ onTimeout }) => {
      const running = instances.begin("client", new Set());
      const attempt = Promise.withResolvers<string>();
      onTimeout(() => attempt.reject(cancelled));
      try {
        return await attempt.promise;
      } finally {
        running?.end("failed");
      }
    });
    const rejected = assert.rejects(result, cancelled);
    advance(100);
    await setImmediate();
    advance(250);
    await rejected;
    assert.equal(instances.isAvailable, false);
    assert.deepEqual(outcomes(), []);
    assert.equal(budget.take(), true);
  });

  it("does not retry without a budget, and saves fractions of a retry until one is complete", async () => {
    const { subject, failing, outcomes } = retrier({ percent: 25, saved: 0 });
    for (let n = 0; n < 8; n += 1) await subject.run(openCall(), failing(1)).catch(() => {});
    assert.deepEqual(outcomes(), [
      ...["no_budget", "no_budget", "no_budget", "retried"],
      ...["no_budget", "no_budget", "no_budget", "retried"],
    ]);
  });
});

describe("RetryBudget", () => {
  it("never allows more retries than its percentage of the requests", () => {
    // true: a request, false: a retry.
    const events = fc.array(fc.boolean(), { maxLength: 2_000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), events, (percent, steps) => {
        const budget = new RetryBudget(percent);
        let [requests, retries] = [0, 0];
        for (const isRequest of steps) {
          if (isRequest) {
            budget.addRequest();
            requests += 1;
          } else if (budget.take()) retries += 1;
          assert.ok(retries * 100 <= requests * percent, `${retries} retries of ${requests} requests`);
        }
      }),
    );
  });

  it("saves at most 100 retries", () => {
    const budget = new RetryBudget(50);
    for (let n = 0; n < 10_000; n += 1) budget.addRequest();
    let taken = 0;
    while (budget.take()) taken += 1;
    assert.equal(taken, 100);
  });
});
