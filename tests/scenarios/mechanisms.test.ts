import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { GATEWAY_NAMES } from "@lgtm-lab/contracts";
import { STACK_FAULTS, type StackFaultName } from "@lgtm-lab/faults/client";
import { COMPONENTS, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { traffic } from "../../packages/stack/src/components/services.ts";
import { firedSince } from "../e2e/support/alerts.ts";
import { within } from "../e2e/support/within.ts";
import { skipUnlessAll } from "../runner/env.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-mechanisms");
/** This balancing still gives a slow instance enough calls for InstanceSlow, without a burst of requests. */
const MECHANISMS = { UPSTREAM_RETRIES: "2", SERVICE_A_BALANCING: "least-connections" };

/**
 * The faults that need a mechanism of the gateways. The faults of a row are set together. expired-cert is set alone,
 * because TargetDown inhibits alerts about calls to its service.
 */
const ROUNDS: readonly (readonly StackFaultName[])[] = [
  ["slow-a-one", "flaky-a", "token-storm"],
  ["expired-cert"],
];

/** The alerts that a fault must cause, each as its name and its service. */
const alertsOf = (fault: StackFaultName): string[] =>
  STACK_FAULTS.filter(({ name }) => name === fault).flatMap(({ alerts }) =>
    alerts.flatMap(({ name, service }) =>
      (service ? [service] : GATEWAY_NAMES).map((each) => `${name} ${each}`),
    ),
  );

const DELIVERED_MS = 60_000;
const RESOLVED_MS = 150_000;
const POLL = { intervalMs: 500 };

it("every fault that needs a mechanism of the gateways is tested here", () => {
  const known = STACK_FAULTS.filter(({ needs }) => needs).map(({ name }) => name);
  assert.deepEqual(ROUNDS.flat().sort(), known.sort());
  for (const name of known) assert.ok(alertsOf(name).length > 0, `no alert of ${name}`);
});

// tests/e2e/63-scale, 64-authentication and 66-tls test what these faults do.
describe("break, alert, fix, resolved, with mechanisms of the gateways", { skip: skipUnlessAll }, () => {
  let stack: RunningStack;

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    stack = await startStack({
      stateFolder: STATE_FOLDER,
      ports: "free",
      tls: true,
      auth: true,
      scale: { "service-a": 2 },
      components: [...COMPONENTS.filter(({ name }) => name !== "grafana"), traffic(40)],
      env: Object.fromEntries(GATEWAY_NAMES.map((name) => [name, MECHANISMS])),
    });
  });
  // After a failure too, so that the next round can pass.
  afterEach(() => stack?.endFaults());
  after(() => stack?.down());

  for (const names of ROUNDS) {
    const expected = names.flatMap(alertsOf).sort();
    it(`${names.join(", ")}: ${expected.join(", ")}`, async () => {
      const moment = Date.now();
      /** The expected alerts in the inbox, and those of them that are not resolved. */
      const delivered = async () => {
        const { fired, unresolved } = await firedSince(moment, stack.address("console"));
        const [all, now] = [fired, unresolved].map((alerts) => {
          const found = new Set(alerts.map(({ labels }) => `${labels.alertname} ${labels.service_name}`));
          return expected.filter((alert) => found.has(alert));
        });
        return { all, now };
      };
      for (const name of names) await stack.setFault(name);
      const untilDelivered = async () => {
        assert.deepEqual((await delivered()).all, expected);
        return true;
      };
      await within(`${names.join(", ")}: all alerts delivered`, DELIVERED_MS, untilDelivered, POLL);
      assert.deepEqual((await stack.endFaults()).sort(), names.toSorted());
      const untilResolved = async () => {
        assert.deepEqual((await delivered()).now, []);
        return true;
      };
      await within(`${names.join(", ")}: all resolved at the inbox`, RESOLVED_MS, untilResolved, POLL);
    });
  }
});
