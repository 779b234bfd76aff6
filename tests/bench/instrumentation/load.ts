import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { atConstantRate } from "../../e2e/support/traffic.ts";
import { type Line, median } from "../result.ts";
import type { Child } from "./child.ts";
import { agentFor, type System, statusOf, type Target } from "./system.ts";

export type Sinks = Child<{ otlp: string; loki: string }, { spans: number; lines: number }>;

/** The result of one load run. */
export interface Run {
  requestsPerSecond: number;
  /** CPU time of all threads in µs per request, including the delivery of the telemetry. */
  gateway: number;
  services: number;
  total: number;
  p99Ms: number;
  /** Delivered per request. */
  spans: number;
  lines: number;
}

/** The lab's services collect garbage 5 s after their start, which also discards compiled code. */
export const SETTLED_MS = 6_000;

/** Runs rounds. Each begins with another variant, so that the same variant does not always follow the same one. */
export async function inRounds<T>(
  rounds: number,
  all: readonly T[],
  measure: (turn: readonly T[]) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await measure(all.map((_, index) => all[(index + round) % all.length] as T));
    console.log(`round ${round + 1} of ${rounds} done`);
  }
}

/** Returns the medians of runs as a line, with the ratio to the run of the baseline in each round. */
export function lineOf(
  name: string,
  key: "gateway" | "total",
  runs: readonly Run[],
  baseline: { readonly name: string; readonly runs: readonly Run[] },
): Line {
  const of = (each: keyof Run) => median(runs.map((run) => run[each]));
  return {
    name,
    value: of(key),
    unit: "µs",
    of: baseline.name,
    // The ratio of each round, because both runs of a round had the machine in the same state.
    ratios: runs.map((run, index) => run[key] / (baseline.runs[index]?.[key] ?? Number.NaN)),
    details: {
      gateway: of("gateway").toFixed(0),
      services: of("services").toFixed(0),
      "req/s": of("requestsPerSecond").toFixed(0),
      "p99 ms": of("p99Ms").toFixed(0),
      "spans/req": of("spans").toFixed(2),
      "lines/req": of("lines").toFixed(2),
    },
  };
}

/** A load: its route, and how many connections and requests. */
export interface Load {
  path: string;
  seconds: number;
  connections: number;
  /** Requests per second; as many as possible if undefined. */
  rate?: number;
}

/** How requests are sent as fast as possible. */
const autocannonOptions = ({ base, headers = {}, ca }: Target, path: string) => ({
  url: base + path,
  headers,
  ...(ca !== undefined && { tlsOptions: { ca } }),
});

/** Enough for V8 to compile what runs often; and then to compile again what a collection of garbage has discarded. */
const WARM_UP_REQUESTS = 20_000;
const AGAIN_REQUESTS = 8_000;

/** Sends requests as fast as possible, until the code of a system is compiled. */
export async function warmUp(system: System, path: string, amount = WARM_UP_REQUESTS): Promise<void> {
  await autocannon({ ...autocannonOptions(system.target, path), amount, connections: 10 });
}

/** Longer than the delay of any batch, so that the cost of sending it is counted. */
const DELIVERY_MS = 600;

/** Runs load on a system once. Rejects if a request fails, because errors must not count as throughput. */
export async function load(
  system: System,
  sinks: Sinks,
  each: Load,
  warmUpRequests = AGAIN_REQUESTS,
): Promise<Run> {
  await warmUp(system, each.path, warmUpRequests);
  await sleep(DELIVERY_MS);
  const [before, received] = [system.cpu(), await sinks.ask()];
  const { requests, requestsPerSecond, p99Ms } = await send(system, each);
  await sleep(DELIVERY_MS);
  const [after, total] = [system.cpu(), await sinks.ask()];
  const gateway = (after.gateway - before.gateway) / requests;
  const services = (after.services - before.services) / requests;
  return {
    requestsPerSecond,
    gateway,
    services,
    total: gateway + services,
    p99Ms,
    spans: (total.spans - received.spans) / requests,
    lines: (total.lines - received.lines) / requests,
  };
}

/** Runs a load once while each process of the system is profiled. Returns the profiles and the number of requests. */
export async function profiledLoad(system: System, each: Load) {
  await warmUp(system, each.path, AGAIN_REQUESTS);
  let requests = 0;
  const profiles = await system.profile(async () => {
    ({ requests } = await send(system, each));
    await sleep(DELIVERY_MS);
  });
  return { profiles, requests };
}

async function send({ target }: System, { path, seconds, connections, rate }: Load): Promise<Outcome> {
  const outcome = await (rate
    ? loadAtRate(target, path, { seconds, connections, rate })
    : loadAsFastAsPossible(target, path, { seconds, connections }));
  if (outcome.failed > 0) throw new Error(`${outcome.failed} requests failed`);
  return outcome;
}

interface Outcome {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly failed: number;
}

async function loadAsFastAsPossible(
  target: Target,
  path: string,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Outcome> {
  const { requests, duration, latency, errors, non2xx } = await autocannon({
    ...autocannonOptions(target, path),
    duration: seconds,
    connections,
  });
  const { total } = requests;
  return {
    requests: total,
    requestsPerSecond: total / duration,
    p99Ms: latency.p99,
    failed: errors + non2xx,
  };
}

/**
 * Sends requests at even intervals. (The rate of autocannon is a number of requests at the start of each second, and a
 * burst costs less CPU time for each request.)
 */
async function loadAtRate(
  target: Target,
  path: string,
  { seconds, connections, rate }: { seconds: number; connections: number; rate: number },
): Promise<Outcome> {
  const agent = agentFor(target, connections);
  const latencies: number[] = [];
  const start = performance.now();
  const total = Math.round(seconds * rate);
  let failed = 0;
  const send = async () => {
    const sentAt = performance.now();
    const status = await statusOf(target, path, agent).catch(() => undefined);
    if (status !== 200) failed += 1;
    latencies.push(performance.now() - sentAt);
  };
  await atConstantRate(rate, total, send);
  const duration = (performance.now() - start) / 1000;
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const p99Ms = latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
  return { requests: total, requestsPerSecond: total / duration, p99Ms, failed };
}
