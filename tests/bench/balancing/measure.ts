import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portsOfInstances } from "@lgtm-lab/contracts";
import { BALANCING_ALGORITHMS } from "@lgtm-lab/resilience";
import type { BalancingAlgorithm } from "@lgtm-lab/resilience/balancing";
import { COMPONENTS, type Component, freePort, HOST, type RunningStack, startStack } from "@lgtm-lab/stack";
import { atConstantRate } from "../../e2e/support/traffic.ts";
import { eventually } from "../../e2e/support/within.ts";
import { type Bench, type Line, median, quantile } from "../result.ts";

const ROUNDS = 3;
const SECONDS = 4;
const RATE = 100;
/** Different clients, for the algorithms that keep a client at an instance. */
const CLIENTS = 60;
const CLIENT_HEADER = "x-client";
const INSTANCES = ["service-a", "service-a-2", "service-a-3"];
/** The second instance is killed after this share of the time. */
const KILLED_AFTER = 0.25;
const TIMEOUT_MS = 10_000;

const SCENARIOS = ["healthy", "slow", "killed", "killed, retries"] as const;
type Scenario = (typeof SCENARIOS)[number];

/** What one gateway did in one round. */
interface Round {
  /** The durations of the successful requests, in milliseconds. */
  readonly ms: readonly number[];
  readonly failed: number;
  /** The calls that each instance got. */
  readonly calls: readonly number[];
}

/** Compares the algorithms when nothing is wrong, when one of three instances is slow, and when one is killed. */
export const balancing: Bench = {
  title: "balancing: latency and distribution with three instances, of which one is slow or is killed",
  async measure({ rounds = ROUNDS, more }) {
    const seconds = more.seconds === undefined ? SECONDS : Number(more.seconds);
    const stateFolder = await mkdtemp(join(tmpdir(), "lgtm-lab-bench-"));
    const all = new Map<string, Round[]>();
    try {
      const stack = await start(stateFolder);
      try {
        console.log(
          `${rounds} rounds of ${SCENARIOS.length} scenarios: ${RATE} requests a second for ${seconds} s to each gateway`,
        );
        // The first requests of a process are slow, because its code is not compiled yet.
        for (const scenario of ["healthy", "killed, retries"] as const)
          for (const algorithm of BALANCING_ALGORITHMS)
            await warmUp(stack.address(gatewayOf(scenario, algorithm)));
        for (let round = 0; round < rounds; round += 1)
          for (const scenario of SCENARIOS)
            for (const algorithm of BALANCING_ALGORITHMS) {
              const key = keyOf(scenario, algorithm);
              all.set(key, [...(all.get(key) ?? []), await run(stack, scenario, algorithm, seconds)]);
            }
      } finally {
        await stack.down();
      }
    } finally {
      await rm(stateFolder, { recursive: true, force: true });
    }
    const lines = SCENARIOS.flatMap((scenario) =>
      BALANCING_ALGORITHMS.map((algorithm) =>
        lineOf(
          keyOf(scenario, algorithm),
          all.get(keyOf(scenario, algorithm)) ?? [],
          all.get(keyOf(scenario, "round-robin")) ?? [],
        ),
      ),
    );
    console.log(markdown(lines));
    return lines;
  },
};

const keyOf = (scenario: Scenario, algorithm: BalancingAlgorithm) => `${scenario}: ${algorithm}`;
const gatewayOf = (scenario: Scenario, algorithm: BalancingAlgorithm) =>
  `gateway-${algorithm}${scenario === "killed, retries" ? "-retries" : ""}`;

/** Starts the services and the gateways, without the supervisor's restarts and without backends. */
async function start(stateFolder: string): Promise<RunningStack> {
  const component = (name: string) => {
    const found = COMPONENTS.find((each) => each.name === name);
    if (!found) throw new Error(`There is no component ${name}.`);
    return found;
  };
  const gateway = component("gateway");
  const gateways = await Promise.all(
    BALANCING_ALGORITHMS.flatMap((algorithm) =>
      (["healthy", "killed, retries"] as const).map(async (scenario): Promise<Component> => {
        const [GATEWAY_PORT, FAULT_ADMIN_GATEWAY_PORT] = [await freePort(), await freePort()];
        return {
          ...gateway,
          name: gatewayOf(scenario, algorithm),
          ownPorts: { GATEWAY_PORT, FAULT_ADMIN_GATEWAY_PORT },
          env: (context) => ({
            ...gateway.env?.(context),
            SERVICE_A_BALANCING: algorithm,
            BALANCING_KEY: CLIENT_HEADER,
            ...(scenario !== "healthy" && { UPSTREAM_RETRIES: "2", UPSTREAM_RETRY_BUDGET: "100" }),
          }),
        };
      }),
    ),
  );
  const components = [component("service-a"), component("service-b"), ...gateways];
  const silent = { LOKI_URL: "", OTEL_TRACES_EXPORTER: "none", LOG_LEVEL: "error" };
  return await startStack({
    stateFolder,
    ports: "free",
    components,
    scale: { "service-a": INSTANCES.length },
    env: Object.fromEntries(
      [...INSTANCES, ...components.map(({ name }) => name)].map((name) => [name, silent]),
    ),
    restartPolicy: { max: 0, withinMs: 60_000, firstDelayMs: 0, maxDelayMs: 0 },
  });
}

/** Sends the requests of one round to the gateway of an algorithm. */
async function run(
  stack: RunningStack,
  scenario: Scenario,
  algorithm: BalancingAlgorithm,
  seconds: number,
): Promise<Round> {
  const base = stack.address(gatewayOf(scenario, algorithm));
  const count = RATE * seconds;
  const killAt = scenario.startsWith("killed") ? Math.floor(count * KILLED_AFTER) : Number.NaN;
  const [second = ""] = INSTANCES.slice(1);
  const before = await callsOf(stack, base);
  const ms: number[] = [];
  let failed = 0;
  if (scenario === "slow") await setSlow(stack, true);
  await send(base, count, {
    starting: (index) => {
      if (index === killAt) stack.killComponent(second, "SIGKILL");
    },
    ended: (duration) => {
      if (duration === undefined) failed += 1;
      else ms.push(duration);
    },
  });
  const after = await callsOf(stack, base);
  if (scenario === "slow") await setSlow(stack, false);
  if (scenario.startsWith("killed")) {
    await eventually(
      "the end of the instance is noticed",
      async () => stack.record(second).state === "failed",
    );
    await stack.startComponent(second);
  }
  return { ms, failed, calls: after.map((calls, index) => calls - (before[index] ?? 0)) };
}

const WARM_UP_REQUESTS = 200;
const warmUp = (base: string) => send(base, WARM_UP_REQUESTS, { ended: () => {} });

/** Sends requests at the constant rate; `ended` gets the duration of each in milliseconds, undefined if it failed. */
async function send(
  base: string,
  count: number,
  { starting, ended }: { starting?: (index: number) => void; ended: (ms: number | undefined) => void },
): Promise<void> {
  let sent = 0;
  await atConstantRate(RATE, count, async () => {
    const index = sent;
    sent += 1;
    starting?.(index);
    const began = performance.now();
    const headers = { [CLIENT_HEADER]: `client-${index % CLIENTS}` };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${base}/a/hello?name=Ana`, { headers, signal }).catch(() => undefined);
    await response?.arrayBuffer();
    ended(response?.status === 200 ? performance.now() - began : undefined);
  });
}

async function setSlow(stack: RunningStack, isSlow: boolean): Promise<void> {
  if (isSlow) await stack.setFault("slow-a", { instance: 2, forMs: 60_000 });
  else await stack.endFaults("slow-a");
}

/** Returns how many calls a gateway has made to each instance. */
async function callsOf(stack: RunningStack, base: string): Promise<number[]> {
  const page = await (await fetch(`${base}/metrics`)).text();
  return portsOfInstances("service-a", stack.ports, stack.instances).map((own) => {
    const address = `address="${HOST}:${own.SERVICE_A_GRPC_PORT}"`;
    return page
      .split("\n")
      .filter((line) => line.startsWith("gateway_upstream_calls_total{") && line.includes(address))
      .reduce((sum, line) => sum + Number(line.split("} ")[1]?.split(" ")[0]), 0);
  });
}

function lineOf(name: string, rounds: readonly Round[], baseline: readonly Round[]): Line {
  const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
  const succeeded = rounds.reduce((sum, round) => sum + round.ms.length, 0);
  const calls = INSTANCES.map((_, index) =>
    rounds.reduce((sum, round) => sum + (round.calls[index] ?? 0), 0),
  );
  const allCalls = calls.reduce((sum, each) => sum + each, 0);
  /** The median of all rounds, so that one round that something else has slowed down does not count. */
  const ms = (q: number) => median(rounds.map((round) => quantile(round.ms, q)));
  const p99 = (round: Round | undefined) => quantile(round?.ms ?? [], 0.99);
  return {
    name,
    value: ms(0.99),
    unit: "ms",
    of: "round-robin",
    ratios: rounds.map((round, index) => p99(round) / p99(baseline[index])),
    details: {
      "p50 ms": ms(0.5).toFixed(1),
      "p95 ms": ms(0.95).toFixed(1),
      failed: `${((failed / (failed + succeeded)) * 100).toFixed(1)} %`,
      share: calls.map((each) => Math.round((each / allCalls) * 100)).join(" · "),
      samples: `${succeeded}`,
    },
  };
}

/** Returns the table of docs/load-balancing.md: what differs when something is wrong. */
function markdown(lines: readonly Line[]): string {
  const wrong = lines.filter(({ name }) => !name.startsWith("healthy"));
  const rows = wrong.map(({ name, value, details = {} }) => {
    const [scenario, algorithm] = name.split(": ");
    const cells = [details["p50 ms"], details["p95 ms"], value.toFixed(1), details.failed, details.share];
    return `| ${scenario} | \`${algorithm}\` | ${cells.join(" | ")} |`;
  });
  return [
    "| scenario | algorithm | p50 ms | p95 ms | p99 ms | failed | share of the instances, % |",
    "|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}
