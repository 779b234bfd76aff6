import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startK6 } from "@lgtm-lab/load";
import {
  COMPONENTS,
  k6Program,
  REPOSITORY,
  type RunningStack,
  readEnvironment,
  resolveTool,
  startStack,
} from "@lgtm-lab/stack";
import { recovery } from "../../load/src/recovery.ts";
import { tokenFor } from "../../packages/stack/src/cli/token.ts";
import { stored } from "../e2e/support/alerts.ts";
import { value } from "../e2e/support/prometheus.ts";
import { within } from "../e2e/support/within.ts";
import { skipUnlessAll } from "../runner/env.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-overload");
/** Enough to use all CPU time, and too few to fill a queue. */
const USERS = 100;
const CAPACITY_S = 6;
const OVERLOAD_S = 20;
/** Until the JIT compiler has optimized the code. Otherwise the capacity would be too low. */
const WARM_UP_S = 6;
/**
 * Requests that k6 may have open, in seconds of the capacity. More would be connections that wait to be accepted. While
 * all of them are open, k6 drops requests, so fewer than three times the capacity are answered.
 */
const OPEN_S = 5;
const LEAST_ANSWERED = 1.2;
/** As a share of the capacity. docs/load.md has measured values. The rejected requests, k6 and all backends use CPU time too. */
const LEAST_GOODPUT = 0.25;
/** On a busy machine, a running request can miss its deadline. */
const MOST_FAILED = 0.01;
const MOST_P95_MS = 6_000;
/** Grows with the open requests, and so with the capacity of the machine: 508 MiB with 3,100 of them. */
const MOST_MEMORY_MIB = 800;
const RECOVERED_S = 5;
const ALERT = { alertname: "GatewayShedding", service_name: "gateway" };

describe("a gateway with access tokens at three times its capacity", { skip: skipUnlessAll }, () => {
  let stack: RunningStack;
  let token: string | undefined;

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    stack = await startStack({ stateFolder: STATE_FOLDER, ports: "free", auth: true });
    const tokenIssuer = stack.address("console");
    token = await tokenFor(STATE_FOLDER, { tokenIssuer }, { subject: "load" });
    await mkdir(join(STATE_FOLDER, "load"), { recursive: true });
  });
  after(() => stack?.down());

  /** Runs k6 for one step. With a rate, k6 sends that many requests a second and ignores `Retry-After`. */
  async function load(users: number, seconds: number, rate?: number) {
    const k6 = await startK6(
      { protocol: "grpc", users, warmUpS: WARM_UP_S, seconds },
      {
        program: await resolveTool("k6", k6Program),
        env: { ...readEnvironment().basic, ...(rate && { RATE: `${rate}` }) },
        gateway: stack.address("gateway"),
        token,
        remoteWrite: `${stack.address("prometheus")}/api/v1/write`,
        testId: "overload",
        summaryFile: join(STATE_FOLDER, "load/summary.json"),
        logFile: join(STATE_FOLDER, "load/k6.log"),
      },
    );
    return (await k6.ended) ?? assert.fail("k6 was stopped");
  }

  it("answers requests in time, rejects the others with Retry-After, raises an alert and recovers", async () => {
    const { shed, failed, succeeded } = await load(USERS, CAPACITY_S);
    assert.deepEqual([shed, failed], [0, 0]);
    const capacity = succeeded / CAPACITY_S;

    const begun = Date.now();
    const overload = await load(Math.round(OPEN_S * capacity), OVERLOAD_S, Math.round(3 * capacity));
    const endedAt = Date.now();
    const recoveredS = await recovery({ gateway: stack.address("gateway"), token }, endedAt, 30_000);
    const seconds = Math.ceil((Date.now() - begun) / 1000);
    const memory = await value(
      stack.address("prometheus"),
      `max_over_time(process_resident_memory_bytes{service_name="gateway"}[${seconds}s])`,
    );
    const [answered, good] = [overload.requests, overload.succeeded].map(
      (count) => count / OVERLOAD_S / capacity,
    );
    const memoryMib = (memory ?? assert.fail("no memory")) / 2 ** 20;
    const measured = { capacity, answered, good, ...overload, memoryMib, recoveredS };
    console.log(`    ${JSON.stringify(measured)}`);

    assert.ok(answered && answered >= LEAST_ANSWERED, `answered ${answered} × capacity`);
    assert.ok(good && good >= LEAST_GOODPUT, `answered ${good} × capacity with 200`);
    assert.ok(overload.failed <= MOST_FAILED * overload.requests, `${overload.failed} neither 200 nor shed`);
    const { p95 } = overload.latencyMs ?? assert.fail("no latency");
    assert.ok(p95 <= MOST_P95_MS, `p95 ${p95} ms`);
    assert.ok(memoryMib <= MOST_MEMORY_MIB, `${memoryMib} MiB`);
    assert.ok(recoveredS !== undefined && recoveredS <= RECOVERED_S, `recovered after ${recoveredS} s`);
    for (const { name } of COMPONENTS) assert.equal(stack.record(name).restarts, 0, name);

    const inInbox = (status: "firing" | "resolved") => stored(status, ALERT, begun, stack.address("console"));
    await within("GatewayShedding is in the inbox", 30_000, () => inInbox("firing"), { intervalMs: 100 });
    // The alert looks back for a minute.
    await within("GatewayShedding is resolved", 120_000, () => inInbox("resolved"), { intervalMs: 100 });
  });
});
