import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import type { Child } from "./child.ts";

export type App = Child<{ port: number }, { cpu: number }>;
export type Sinks = Child<{ otlp: string; loki: string }, { spans: number; lines: number }>;

/** The result of one load run. */
export interface Run {
  requestsPerSecond: number;
  /** CPU time of all threads of the application in µs per request, including the delivery of its telemetry. */
  cpuPerRequest: number;
  p99Ms: number;
  /** Delivered per request. */
  spans: number;
  lines: number;
}

export interface Load {
  seconds: number;
  connections: number;
  /** Requests per second; as many as possible if undefined. */
  rate?: number;
}

/** Longer than the delay of any batch, so that the cost of sending it is counted. */
const DELIVERY_MS = 600;

/** Runs load on `app` once. Rejects if a request fails, because errors must not count as throughput. */
export async function load(app: App, sinks: Sinks, { seconds, connections, rate }: Load): Promise<Run> {
  const [before, received] = [await app.ask(), await sinks.ask()];
  const result = await autocannon({
    url: `http://127.0.0.1:${app.ready.port}/hello`,
    duration: seconds,
    connections,
    ...(rate ? { overallRate: rate } : {}),
  });
  if (result.errors + result.non2xx > 0) throw new Error(`${result.errors + result.non2xx} requests failed`);
  await sleep(DELIVERY_MS);
  const [after, total] = [await app.ask(), await sinks.ask()];
  const requests = result.requests.total;
  return {
    requestsPerSecond: requests / result.duration,
    cpuPerRequest: (after.cpu - before.cpu) / requests,
    p99Ms: result.latency.p99,
    spans: (total.spans - received.spans) / requests,
    lines: (total.lines - received.lines) / requests,
  };
}
