import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { COMPONENTS } from "@lgtm-lab/stack";
import { stored } from "../e2e/support/alerts.ts";
import { lab, urls } from "../e2e/support/lab.ts";
import { query } from "../e2e/support/prometheus.ts";
import { eventually, within } from "../e2e/support/within.ts";
import { runsLongTests, skipUnlessAll } from "../runner/env.ts";

/** Groups of processes that hang at the same time. No fault is set; they keep their ports open but do not respond. */
const HANGING_TOGETHER = [
  ["service-b", "tempo"],
  ["gateway", "loki", "otelcol"],
];
const HANGS = HANGING_TOGETHER.flat();

/** Prometheus treats two failed scrapes of 2 s each as an outage. */
const FIRES_MS = 30_000;
const CLEARS_MS = 120_000;

/** All scrape targets except those needed for alerting. Stopping them simulates a stall of the whole machine. */
const EVERYTHING = COMPONENTS.filter(
  ({ name, scrape }) => scrape && !["prometheus", "alertmanager", "grafana"].includes(name),
).map(({ name }) => name);
/** Each target misses three scrapes. The length of the stall is the tested condition, not a synchronization. */
const STALL_MS = 7000;
/** A stall of this length counts as an outage. */
const LASTS_MS = 20_000;

describe("a hanging process, and a stall of the whole machine", () => {
  let moment = 0;
  const signalAll = async (signal: NodeJS.Signals) => {
    const stack = await lab();
    for (const name of EVERYTHING) stack.killComponent(name, signal);
  };
  const secondsSince = (ms: number) => Math.ceil((Date.now() - ms) / 1000);
  const allUp = async () => {
    const up = await query((await urls()).prometheus, "up == 1");
    return EVERYTHING.every((name) => up.some(({ metric }) => metric.service_name === name));
  };
  /** Returns the services whose TargetDown is firing, or has fired since a point in time. */
  const firing = async (sinceMs?: number) => {
    const alerts = 'ALERTS{alertname="TargetDown",alertstate="firing"}';
    const found = await query(
      (await urls()).prometheus,
      sinceMs === undefined ? alerts : `max_over_time(${alerts}[${secondsSince(sinceMs)}s])`,
    );
    return found.map(({ metric }) => metric.service_name ?? "").sort();
  };
  const down = (service_name: string) => ({ alertname: "TargetDown", service_name });

  // Set here and not on load, because earlier tests end with alerts of the same name.
  before(() => {
    moment = Date.now();
  });

  after(async () => {
    const stack = await lab();
    for (const name of new Set([...HANGS, ...EVERYTHING])) stack.killComponent(name, "SIGCONT");
  });

  it("a short stall of everything fires no alert", async () => {
    await eventually("nothing is down", async () => (await firing()).length === 0, CLEARS_MS);
    // TargetDown may not fire for a target that has never been up, so the test could not fail.
    await eventually("everything is up", allUp);
    const since = Date.now();
    await signalAll("SIGSTOP");
    try {
      await setTimeout(STALL_MS);
    } finally {
      await signalAll("SIGCONT");
    }
    await eventually("everything is up again", allUp);
    const down = await query(
      (await urls()).prometheus,
      `count(min_over_time(up[${secondsSince(since)}s]) == 0)`,
    );
    assert.equal(down[0]?.value, EVERYTHING.length, "every target has missed scrapes");
    assert.deepEqual(await firing(since), []);
  });

  for (const names of HANGING_TOGETHER)
    it(`${names.join(", ")} hang: they are reported as down, and the alerts are delivered`, async () => {
      const stack = await lab();
      for (const name of names) stack.killComponent(name, "SIGSTOP");
      try {
        await Promise.all(
          names.map((name) =>
            within(`${name}: TargetDown delivered`, FIRES_MS, () => stored("firing", down(name), moment)),
          ),
        );
      } finally {
        for (const name of names) stack.killComponent(name, "SIGCONT");
      }
    });

  it("a long stall of everything fires an alert for each target", { skip: skipUnlessAll }, async () => {
    const others = EVERYTHING.filter((name) => !HANGS.includes(name)); // the alerts of HANGS may still be firing
    await signalAll("SIGSTOP");
    try {
      await within("TargetDown fires for all", LASTS_MS, async () => {
        const now = await firing();
        return others.every((name) => now.includes(name));
      });
    } finally {
      await signalAll("SIGCONT");
    }
  });

  it("afterwards all alerts are resolved", async () => {
    for (const name of new Set([...HANGS, ...(runsLongTests ? EVERYTHING : [])]))
      await within(`${name}: resolved`, CLEARS_MS, () => stored("resolved", down(name), moment));
  });
});
