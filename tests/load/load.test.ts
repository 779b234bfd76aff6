import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { glob, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { GATEWAY_NAMES, type GatewayName, SERVICES } from "@lgtm-lab/contracts";
import { LOAD_TEST } from "@lgtm-lab/grafana";
import type { StoredResult } from "@lgtm-lab/load/result";
import { freePorts, type Ports, REPOSITORY, type RunningStack, startStack } from "@lgtm-lab/stack";
import { execa } from "execa";
import { query } from "../e2e/support/prometheus.ts";
import { LAB_CLI } from "../e2e/support/run-lab.ts";
import { within } from "../e2e/support/within.ts";
import { skipUnlessAll } from "../runner/env.ts";
import { panelsFilledBy, stillEmpty } from "../scenarios/support/panels.ts";

const STATE_FOLDER = join(REPOSITORY, ".lab/test-load");
/** The state folder of a stack that `lab load` itself starts. */
const OWN_STATE_FOLDER = join(REPOSITORY, ".lab/test-load-own");
const RECOVERED_S = 5;

/** Runs `lab load` with a state folder and ports. */
const labLoad = (stateFolder: string, ports: Ports, ...args: string[]) =>
  execa(process.execPath, [LAB_CLI, "load", ...args], {
    env: {
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, `${port}`])),
      LAB_STATE: stateFolder,
    },
    stdin: "ignore",
    all: true,
    reject: false,
  });

/** The newest result in a state folder, and its folder. */
async function newest(stateFolder: string): Promise<{ folder: string; result: StoredResult }> {
  const name = (await readdir(join(stateFolder, "load"))).toSorted().at(-1) ?? assert.fail("no result");
  const folder = join(stateFolder, "load", name);
  return { folder, result: JSON.parse(await readFile(join(folder, "result.json"), "utf8")) };
}

describe("lab load, with a running stack without other traffic", {
  skip: skipUnlessAll,
}, () => {
  let stack: RunningStack;

  before(async () => {
    await rm(STATE_FOLDER, { recursive: true, force: true });
    stack = await startStack({ stateFolder: STATE_FOLDER, ports: "free" });
  });
  after(() => stack.down());

  /** The requests that a gateway has counted. GET only, because the check of the recovery uses HEAD. */
  async function counted(gateway: GatewayName): Promise<number> {
    const page = await (await fetch(`${stack.address(gateway)}/metrics`)).text();
    const lines = page.matchAll(
      /^http_server_request_duration_seconds_count\{http_request_method="GET",http_route="\/[ab]\/.*\} (\d+)$/gm,
    );
    return lines.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** The requests that k6 has sent in all steps of a protocol, including the warm-up. */
  async function sent(folder: string, protocol: string): Promise<number> {
    const files = await Array.fromAsync(glob(`k6-*-${protocol}-*.json`, { cwd: folder }));
    const summaries = files.map(async (file) => JSON.parse(await readFile(join(folder, file), "utf8")));
    return (await Promise.all(summaries)).reduce((sum, { http_reqs }) => sum + http_reqs.values.count, 0);
  }

  it("measures both protocols; the gateways count exactly the requests that k6 has sent", async () => {
    const { exitCode, all } = await labLoad(STATE_FOLDER, stack.ports, "--users", "2", "--duration", "3s");
    assert.equal(exitCode, 0, all);
    const { folder, result } = await newest(STATE_FOLDER);
    assert.equal(result.profile, "custom");
    assert.equal(result.stoppedEarly, false);
    assert.ok((result.recoveredAfterS ?? 60) < RECOVERED_S, `recovered after ${result.recoveredAfterS} s`);
    assert.deepEqual(
      result.steps.map(({ transport, users, seconds, complete }) => ({
        transport,
        users,
        seconds,
        complete,
      })),
      (["grpc", "rest"] as const).map((transport) => ({ transport, users: 2, seconds: 3, complete: true })),
    );
    for (const step of result.steps) {
      const gateway =
        GATEWAY_NAMES.find((name) => SERVICES[name].protocol === step.transport) ?? assert.fail();
      const requests = await sent(folder, step.transport);
      await within(`${gateway} has counted the ${requests} requests of k6`, 5_000, async () => {
        const found = await counted(gateway);
        assert.ok(found <= requests, `${gateway} counted ${found} requests, k6 ${requests}`);
        return found === requests;
      });
      assert.ok(step.requests > 30 && step.requests < requests, `${step.requests} of ${requests} measured`);
      assert.equal(step.succeeded, step.requests);
      assert.deepEqual([step.shed, step.failed, step.failedThresholds], [0, 0, []]);
      const { mean, p50, p95, p99, max } = step.latencyMs ?? assert.fail("no latency");
      // Ten numbers with pauses of 5 ms take at least 45 ms, and a greeting takes less: the mean is between.
      assert.ok(mean > 20 && mean < max, `mean ${mean} ms`);
      assert.ok(p50 <= p95 && p95 <= p99 && p99 <= max && max > 45, JSON.stringify(step.latencyMs));
      assert.deepEqual(Object.keys(step.cpuUs).toSorted(), [gateway, "service-a", "service-b"]);
      for (const [name, us] of Object.entries(step.cpuUs))
        assert.ok(us > 10 && us < 100_000, `${name} ${us} µs`);
      assert.ok(step.bytes.received > 200 && step.bytes.sent > 50, JSON.stringify(step.bytes));
      assert.deepEqual(step.dropped, { spans: 0, lines: 0 });
    }
    for (const file of ["report.html", "report.md"]) assert.ok(existsSync(join(folder, file)), file);
    assert.ok(all.includes(join(folder, "report.html")), all);
  });

  it("writes k6's metrics to Prometheus, with bounded labels", async () => {
    const { folder, result } = await newest(STATE_FOLDER);
    const test = `testid="${result.startedAt}"`;
    for (const { transport: protocol } of result.steps) {
      const selector = `{${test},transport="${protocol}",users="2"}`;
      const [counter] = await query(
        stack.address("prometheus"),
        `sum(last_over_time(k6_http_reqs_total${selector}[10m]))`,
      );
      const requests = await sent(folder, protocol);
      // k6 leaves out a request that ends in the same millisecond as the last one that it has written.
      assert.ok(
        counter && counter.value <= requests && counter.value >= requests - 4,
        `${counter?.value} of ${requests}`,
      );
      const [histogram] = await query(
        stack.address("prometheus"),
        `histogram_quantile(0.5, sum(last_over_time(k6_http_req_duration_seconds${selector}[10m])))`,
      );
      assert.ok(histogram && histogram.value > 0.001 && histogram.value < 2, `${histogram?.value} s`);
    }
    const found = await fetch(
      `${stack.address("prometheus")}/api/v1/series?${new URLSearchParams({ "match[]": `{${test}}` })}`,
    );
    const { data: series } = (await found.json()) as { data: Record<string, string>[] };
    const labels = new Set(series.flatMap((each) => Object.keys(each)));
    assert.deepEqual([...labels].toSorted(), ["__name__", "name", "status", "testid", "transport", "users"]);
    assert.deepEqual([...new Set(series.map(({ name }) => name))].toSorted(), [
      "/a/hello",
      "/b/numbers",
      undefined,
    ]);
    assert.ok(series.length > 40 && series.length < 100, `${series.length} series`);
  });

  it("fills the panels of the Load dashboard that are empty without it", async () => {
    const { result } = await newest(STATE_FOLDER);
    const moment = Date.parse(result.startedAt);
    const at = {
      prometheus: stack.address("prometheus"),
      loki: stack.address("loki"),
      tempo: stack.address("tempo"),
    };
    assert.ok(panelsFilledBy(LOAD_TEST, moment).length > 2);
    // Two of its three queries select shed and failed requests, and no request was shed or failed.
    const outcome = 'lab-load, "Requests by outcome"';
    assert.deepEqual(await stillEmpty(LOAD_TEST, moment, at), [outcome, outcome]);
  });
});

describe("lab load, without a running stack", { skip: skipUnlessAll }, () => {
  it("starts a stack; after a signal it keeps what was measured, and stops the stack", async () => {
    await rm(OWN_STATE_FOLDER, { recursive: true, force: true });
    const options = ["--users", "1,2", "--duration", "6s", "--transport", "grpc"];
    const running = labLoad(OWN_STATE_FOLDER, await freePorts(), ...options);
    for await (const line of running.iterable({ from: "all" }))
      if (/2 of 2 .* successful/.test(line)) running.kill("SIGINT");
    const { exitCode, all } = await running;
    assert.equal(exitCode, 130, all);
    const { folder, result } = await newest(OWN_STATE_FOLDER);
    assert.equal(result.stoppedEarly, true);
    assert.deepEqual(
      result.steps.map(({ users, complete }) => ({ users, complete })),
      [
        { users: 1, complete: true },
        { users: 2, complete: false },
      ],
    );
    const [, stopped] = result.steps;
    assert.ok(stopped && stopped.seconds > 0 && stopped.seconds < 6, `${stopped?.seconds} s`);
    assert.ok(stopped.succeeded > 0 && stopped.failed === 0, JSON.stringify(stopped));
    assert.ok(existsSync(join(folder, "report.html")));
    assert.ok(!existsSync(join(OWN_STATE_FOLDER, "run/stack.json")), "the stack still runs");
  });
});
