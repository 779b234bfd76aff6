import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { ConcurrencyLimiter } from "@lgtm-lab/resilience";

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
    assert.throws(() => limiter.acquire(endless), { name: "OverloadedError" });
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
    await assert.rejects(async () => limiter.acquire({ signal }), { message: "left" });
    assert.equal(limiter.acquire(endless), undefined);
  });
});
