import type { TestContext } from "node:test";

/** Replaces timers, `Date` and `performance.now` by a clock that moves only when the test advances it. */
export function useClock(t: TestContext) {
  let now = 1_000_000;
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now });
  t.mock.method(performance, "now", () => now);
  return {
    now: () => now,
    /** Advances in steps of 1 ms, so that a timer that is started by another timer runs on time. */
    advance(milliseconds: number): void {
      t.mock.timers.tick(0);
      for (let n = 0; n < milliseconds; n += 1) {
        now += 1;
        t.mock.timers.tick(1);
      }
    },
  };
}
