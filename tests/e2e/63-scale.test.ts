import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { GATEWAY_NAMES, PROTOCOLS, SERVICES } from "@lgtm-lab/contracts";
import {
  COMPONENTS,
  diagnose,
  freePorts,
  type PortVariable,
  REPOSITORY,
  type RunningStack,
  startStack,
} from "@lgtm-lab/stack";
import { inContainers } from "./support/env.ts";
import { lab } from "./support/lab.ts";
import { lines } from "./support/loki.ts";
import { query, scrapeSum } from "./support/prometheus.ts";
import { call, GATEWAY_REQUESTS } from "./support/requests.ts";
import { runLab } from "./support/run-lab.ts";
import { type Group, withTargets } from "./support/targets.ts";
import { traceOf } from "./support/tempo.ts";
import { Traffic } from "./support/traffic.ts";
import { eventually, within } from "./support/within.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-scale");
const INSTANCES = ["service-a", "service-a-2", "service-a-3"];
const HELLO = "/a/hello?name=Ana";
/** The components that this stack starts. The others are those of the shared stack, whose ports it uses. */
const OWN = ["service-a", "service-b", ...GATEWAY_NAMES];
/** The signals that the doctor can check here: Alertmanager and the console belong to the shared stack. */
const SIGNALS = ["traces", "metrics", "logs", "scrape targets"];
const RETRIES = { UPSTREAM_RETRIES: "2", UPSTREAM_RETRY_BUDGET: "100" };

describe("a stack with three instances of A (--scale service-a=3)", { skip: inContainers }, () => {
  let stack: RunningStack;
  let shared: RunningStack;

  before(async () => {
    shared = await lab();
    const components = COMPONENTS.filter(({ name }) => OWN.includes(name));
    const own = new Set(components.flatMap(({ ports }) => ports));
    const free = await freePorts();
    const ports = Object.fromEntries(
      Object.entries(shared.ports).map(([name, port]) => [
        name,
        own.has(name as PortVariable) ? free[name as PortVariable] : port,
      ]),
    ) as typeof free;
    await rm(STATE_FOLDER, { recursive: true, force: true });
    stack = await startStack({
      stateFolder: STATE_FOLDER,
      ports,
      components,
      scale: { "service-a": 3 },
      env: Object.fromEntries(GATEWAY_NAMES.map((name) => [name, RETRIES])),
    });
  });
  after(() => stack?.down());

  /** Runs `lab` for this stack. Returns its output, whatever its exit code. */
  const run = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await runLab(STATE_FOLDER, ...args);
    return stdout + stderr;
  };

  it("another --scale for the running stack is an error with the fix", async () => {
    const message = /--scale does not change a running stack\. Stop it with `npx lab down`/;
    assert.match(await run("up", "--scale", "service-a=2"), message);
  });

  for (const protocol of PROTOCOLS)
    it(`requests over ${protocol} reach all three, which spans and log lines tell apart`, async () => {
      const name = GATEWAY_NAMES.find((each) => SERVICES[each].protocol === protocol) ?? assert.fail();
      const [tempo, loki] = [shared.address("tempo"), shared.address("loki")];
      const reach = async () => {
        const { traceId, status } = await call(stack.address(name), HELLO);
        assert.equal(status, 200);
        const spans = await within("trace", 2_000, () => traceOf(tempo, traceId, [name, "service-a"]));
        const a = spans.find(({ service }) => service === "service-a");
        const instance = a?.resource["service.instance.id"];
        const line = await within("log line of A", 3_000, async () =>
          (await lines(loki, `{service_name="service-a"} | trace_id="${traceId}"`)).at(0),
        );
        assert.equal(line.json["service.instance.id"], instance);
        return instance;
      };
      // A gateway that was ready before an instance tries it again after a second at most; until then others respond.
      await eventually("three concurrent requests reach three instances", async () =>
        isDeepStrictEqual((await Promise.all(INSTANCES.map(reach))).sort(), INSTANCES),
      );
    });

  it("Prometheus scrapes all three, and the doctor, the status and the log commands know them", async () => {
    const ours: Group[] = JSON.parse(
      await readFile(join(STATE_FOLDER, "prometheus/targets/services.json"), "utf8"),
    );
    await withTargets(
      shared,
      "services.json",
      (groups) => [...groups, ...ours],
      async () => {
        const addresses = INSTANCES.map((name) => new URL(stack.address(name)).host);
        await within("three targets are up", 12_000, async () => {
          const up = await query(
            shared.address("prometheus"),
            'up{job="service-a",service_name="service-a"} == 1',
          );
          return addresses.every((address) => up.some(({ metric }) => metric.instance === address));
        });
        const hops = await diagnose(stack);
        const examined = hops.filter(({ signal }) => SIGNALS.includes(signal));
        assert.deepEqual(
          examined.filter(({ state }) => state !== "ok"),
          [],
        );
        const all = examined.find(({ hop }) => hop === "services respond")?.text ?? "";
        assert.match(all, /service-a, service-a-2, service-a-3, service-b/);
      },
    );
    const [status, log] = await Promise.all([run("status", "--json"), run("logs", "service-a-2")]);
    const { components } = JSON.parse(status) as {
      components: { component: string; pid: number; ports: number[] }[];
    };
    const rows = components.filter(({ component }) => INSTANCES.includes(component));
    assert.deepEqual(
      rows.map(({ component }) => component),
      INSTANCES,
    );
    assert.equal(new Set(rows.map(({ pid }) => pid)).size, 3);
    assert.equal(new Set(rows.flatMap(({ ports }) => ports)).size, 9);
    assert.match(log, /"service.instance.id":"service-a-2"/);
  });

  it("a fault can be set in one of them; without --instance it is set in all", async () => {
    const slow = async () => {
      const times = INSTANCES.map(async () => {
        const start = performance.now();
        await call(stack.address("gateway"), HELLO);
        return performance.now() - start;
      });
      return (await Promise.all(times)).filter((ms) => ms >= 390).length;
    };
    assert.match(await run("break", "slow-a", "--instance", "2"), /slow-a is active in instance 2 until/);
    assert.match(await run("faults"), /slow-a .*\(instance 2\)/);
    assert.equal(await slow(), 1);
    await stack.setFault("slow-a");
    assert.equal(await slow(), 3);
    assert.deepEqual(await stack.endFaults(), ["slow-a"]);
    assert.equal(await slow(), 0);
  });

  it("a fault that needs a disabled mechanism cannot be set; the error and `lab faults` name the mechanism", async () => {
    assert.match(await run("break", "slow-a-one"), /slow-a-one cannot be set: it needs .*least-time/);
    assert.match(await run("faults"), /token-storm .*lab up --auth/);
  });

  it("flaky-a: retries hide the failures from users", async () => {
    const labels = { upstream: "service-a", outcome: "retried" };
    const retried = () => scrapeSum(stack.address("gateway"), "gateway_retries_total", labels);
    const before = await retried();
    await stack.setFault("flaky-a");
    const statuses: number[] = [];
    await eventually("five calls are retried", async () => {
      statuses.push((await call(stack.address("gateway"), HELLO)).status);
      return (await retried()) >= before + 5;
    });
    // A tenth of the calls fails, so of 1,000 requests one fails in spite of two retries.
    assert.ok(statuses.filter((status) => status !== 200).length <= 1, statuses.join());
    assert.deepEqual(await stack.endFaults(), ["flaky-a"]);
    const after = await retried();
    for (let index = 0; index < 30; index += 1)
      assert.equal((await call(stack.address("gateway"), HELLO)).status, 200);
    assert.equal(await retried(), after, "no call fails after the end of the fault");
  });

  it("an instance is killed: no request fails, the others keep running, and it gets calls again after its restart", async () => {
    const requests = GATEWAY_REQUESTS.filter(({ service }) => service === "service-a");
    const base = (request: (typeof requests)[number]) => stack.address(request.gateway);
    const traffic = new Traffic({ rate: 30, requests, base });
    const pids = INSTANCES.map(stack.pid);
    await eventually("traffic flows", async () => traffic.sent.length > 15);
    stack.killComponent("service-a-2");
    await within("service-a-2 is back", 10_000, async () => {
      const { state, restarts } = stack.record("service-a-2");
      return restarts === 1 && state === "ready";
    });
    const before = traffic.sent.length;
    const labels = { address: stack.address("service-a-2"), outcome: "ok" };
    const okCalls = () => scrapeSum(stack.address("gateway-rest"), "gateway_upstream_calls_total", labels);
    const calls = await okCalls();
    await within("service-a-2 is used again", 5_000, async () => (await okCalls()) > calls + 2);
    const sent = await traffic.stop();
    assert.ok(before > 25, `only ${before} requests until it was back`);
    assert.deepEqual(
      sent.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${body}`),
      [],
    );
    const now = INSTANCES.map(stack.pid);
    assert.deepEqual([now[0], now[2]], [pids[0], pids[2]]);
    assert.notEqual(now[1], pids[1]);
  });
});
