import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import waitFor from "p-wait-for";
import { type OpenMetricsContentType, Registry } from "prom-client";
import { collectProcessMetrics } from "./process.ts";

test("the delay of the event loop does not include the interval of its timer", async (t) => {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectProcessMetrics(registry);

  /** Returns the least and the largest delay since the last scrape, in seconds. */
  async function scrape(): Promise<{ min: number; max: number }> {
    await setImmediate(); // a real scrape arrives after the timers have run, too
    const page = await registry.metrics();
    const value = (name: string) =>
      Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, "m").exec(page)?.[1]);
    return { min: value("min"), max: value("max") };
  }

  let [min, max] = [Number.NaN, 0];
  // Without a measurement since the last scrape, min is 2^63 ns.
  const isMeasured = async () => {
    ({ min } = await scrape());
    return min < 1_000;
  };
  await waitFor(isMeasured, { interval: 200, timeout: 10_000 });
  assert.ok(min < 0.045, `${min}`);

  const blocker = setInterval(() => {
    const end = performance.now() + 300;
    while (performance.now() < end);
  }, 200);
  t.after(() => clearInterval(blocker));
  const isBlocked = async () => {
    ({ max } = await scrape());
    return max > 0.2;
  };
  await waitFor(isBlocked, { interval: 100, timeout: 10_000 });
});
