import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ConcurrencyLimiter, type OverloadedError } from "@lgtm-lab/resilience";
import { useClock } from "../test/clock.ts";

const LIMITS = { running: 1, waiting: 2 };
const endless = { signal: new AbortController().signal };

describe("ConcurrencyLimiter", () => {
  it("starts calls at once below the limit, and then in the order of arrival", async () => {
    const limiter = new ConcurrencyLimiter({ running: 2, waiting: 3 });
    assert.equal(limiter.acquire(endless), undefined);
    assert.equal(limiter.acquire(endless), undefined);
    const started: number[] = [];
    const turns = [1, 2, 3].map((n) => limiter.acquire(endless)?.then(() => started.push(n)));
    await setImmediate();
    assert.deepEqual(started, []);
    limiter.release();
    await setImmediate();
    assert.deepEqual(started, [1]);
    limiter.release();
    limiter.release();
    await Promise.all(turns);
    assert.deepEqual(started, [1, 2, 3]);
    limiter.release();
    limiter.release();
    assert.equal(limiter.acquire(endless), undefined);
  });

  it("rejects a call when too many wait", () => {
    const limiter = new ConcurrencyLimiter(LIMITS);
    for (let n = 0; n < 3; n += 1) void limiter.acquire(endless);
    assert.throws(() => limiter.acquire(endless), { name: "OverloadedError", reason: "full" });
  });

  it("counts reserved places as taken, and a call has the place that it reserved", async () => {
    const limiter = new ConcurrencyLimiter(LIMITS);
    const reserved = Array.from({ length: 3 }, () => limiter.reserve());
    assert.throws(() => limiter.reserve(), { name: "OverloadedError", reason: "full" });
    const turns = reserved.map((reservation) => {
      reservation[Symbol.dispose]();
      return limiter.acquire(endless);
    });
    assert.equal(turns[0], undefined);
    assert.throws(() => limiter.reserve(), { name: "OverloadedError" });
    limiter.release();
    limiter.release();
    await Promise.all(turns);
    const [first] = Array.from({ length: 2 }, () => limiter.reserve());
    assert.throws(() => limiter.reserve(), { name: "OverloadedError" });
    first?.[Symbol.dispose]();
    limiter.reserve();
  });

  it("bounds the waiting calls of all routes together by the heap of the process", () => {
    const script = `
      import { ConcurrencyLimiter } from "@lgtm-lab/resilience";
      const call = { signal: new AbortController().signal };
      const limiters = [1, 2].map(() => new ConcurrencyLimiter({ running: 1, waiting: 1_000 }));
      let accepted = 0;
      try { for (;; accepted += 1) void limiters[accepted % 2].acquire(call); }
      catch (error) { console.log(error.name, accepted - 2); }`;
    const output = execFileSync(
      process.execPath,
      ["--max-old-space-size=48", "--max-semi-space-size=1", "--input-type=module", "--eval", script],
      { encoding: "utf8", cwd: import.meta.dirname },
    );
    const [name, waiting] = output.trim().split(" ");
    assert.equal(name, "OverloadedError");
    assert.ok(Number(waiting) > 350 && Number(waiting) < 450, `${waiting} calls wait`);
  });

  it("removes a waiting call that ends and starts the next one instead", async () => {
    const limiter = new ConcurrencyLimiter(LIMITS);
    void limiter.acquire(endless);
    const leaving = new AbortController();
    const first = limiter.acquire({ signal: leaving.signal });
    const second = limiter.acquire(endless);
    leaving.abort(new Error("left"));
    await assert.rejects(async () => first, { message: "left" });
    assert.ok(limiter.acquire(endless) instanceof Promise, "another call can wait instead");
    limiter.release();
    await second;
  });

  it("does not start a call that has already ended", async () => {
    const limiter = new ConcurrencyLimiter(LIMITS);
    const signal = AbortSignal.abort(new Error("left"));
    await assert.rejects(async () => limiter.acquire({ signal, ended: signal.reason }), { message: "left" });
    assert.equal(limiter.acquire(endless), undefined);
  });

  it("rejects a call that has waited too long, and keeps those that came later", async (t) => {
    const clock = useClock(t);
    const limiter = new ConcurrencyLimiter({ running: 1, waiting: 9, totalMs: 100 });
    void limiter.acquire(endless);
    const outcomes: string[] = [];
    const wait = (name: string) =>
      limiter.acquire(endless)?.then(
        () => outcomes.push(`${name} started`),
        (error) => outcomes.push(`${name} ${error.name} ${error.reason}`),
      );
    void wait("first");
    clock.advance(60);
    void wait("second");
    clock.advance(40);
    await setImmediate();
    assert.deepEqual(outcomes, ["first OverloadedError waited"]);
    limiter.release();
    await setImmediate();
    assert.deepEqual(outcomes, ["first OverloadedError waited", "second started"]);
    clock.advance(1_000);
    await setImmediate();
    assert.equal(outcomes.length, 2);
  });

  for (const [what, intervalMs, pauseMs, least, most] of [
    ["rejects a call at once that would wait too long at the current rate", 10, 10, 95, 105],
    ["changes the measured rate only a little after one short pause", 2, 300, 300, 505],
  ] as const)
    it(what, (t) => {
      const clock = useClock(t);
      const limiter = new ConcurrencyLimiter({ running: 1, waiting: 1_000, totalMs: 1_000 });
      for (let n = 0; n < 2; n += 1) void limiter.acquire(endless);
      for (let n = 0; n < 1_200; n += 1) {
        void limiter.acquire(endless);
        clock.advance(n === 1_190 ? pauseMs : intervalMs);
        limiter.release();
      }
      let waiting = 1;
      assert.throws(
        () => {
          for (; ; waiting += 1) void limiter.acquire(endless)?.catch(() => {});
        },
        { name: "OverloadedError", reason: "too_slow" },
      );
      assert.ok(waiting > least && waiting < most, `${waiting} calls wait`);
    });

  it("keeps the rate when all waiting calls expire at once, and forgets it after a pause", (t) => {
    const clock = useClock(t);
    const limiter = new ConcurrencyLimiter({ running: 1, waiting: 1_000, totalMs: 1_000 });
    /** Lets calls wait until one is rejected. Returns how many waited. */
    const fill = () => {
      let waiting = 0;
      assert.throws(
        () => {
          for (; ; waiting += 1) void limiter.acquire(endless)?.catch(() => {});
        },
        { name: "OverloadedError" },
      );
      return waiting;
    };
    for (let n = 0; n < 2; n += 1) void limiter.acquire(endless)?.catch(() => {});
    for (let n = 0; n < 120; n += 1) {
      void limiter.acquire(endless)?.catch(() => {});
      clock.advance(10);
      limiter.release();
    }
    assert.ok(fill() < 105);
    clock.advance(1_000);
    limiter.release();
    const waiting = fill();
    assert.ok(waiting < 105, `${waiting} calls wait after all others have expired`);
    clock.advance(1_000);
    limiter.release();
    clock.advance(60_000);
    assert.equal(fill(), 1_001, "one runs");
  });

  it("does not take a pause after an overload for slowness", async (t) => {
    const clock = useClock(t);
    const limiter = new ConcurrencyLimiter({ running: 2, waiting: 10, totalMs: 1_000 });
    let running = 0;
    const start = () => {
      running += 1;
    };
    const call = () => limiter.acquire(endless)?.then(start, () => {}) ?? start();
    const end = async () => {
      running -= 1;
      limiter.release();
      await setImmediate();
    };
    for (let n = 0; n < 12; n += 1) void call();
    assert.throws(call, { name: "OverloadedError" });
    for (; running > 0; clock.advance(150)) await end();
    clock.advance(3_000);
    for (let n = 0; n < 4; n += 1) void call();
    await end();
    for (let n = 0; n < 9; n += 1) void call();
    assert.equal(running, 2);
  });

  it("spreads the times at which rejected calls are tried again, from 1 to 30 s", (t) => {
    const clock = useClock(t);
    const limiter = new ConcurrencyLimiter({ running: 1, waiting: 0 });
    void limiter.acquire(endless);
    const retryAfterS = () => {
      try {
        void limiter.acquire(endless);
      } catch (error) {
        return (error as OverloadedError).retryAfterS;
      }
      return assert.fail("accepted");
    };
    assert.equal(retryAfterS(), 1);
    const times = Array.from({ length: 5_000 }, retryAfterS);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.equal(times.filter((time) => time === 5).length, 100, "one every 10 ms");
    assert.equal(times.at(-1), 30);
    clock.advance(40_000);
    assert.equal(retryAfterS(), 1);
  });

  it("does not mistake a pause without waiting calls for a low rate", (t) => {
    const clock = useClock(t);
    const limiter = new ConcurrencyLimiter({ running: 1, waiting: 9, totalMs: 1_000 });
    for (let n = 0; n < 50; n += 1) {
      for (let calls = 0; calls < 2; calls += 1) void limiter.acquire(endless);
      limiter.release();
      limiter.release();
      clock.advance(60_000);
    }
    void limiter.acquire(endless);
    for (let n = 0; n < 9; n += 1) void limiter.acquire(endless)?.catch(() => {});
    assert.throws(() => limiter.acquire(endless), { name: "OverloadedError" });
  });
});
