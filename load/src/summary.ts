import * as v from "valibot";
import type { LoadStep } from "./result.ts";

const numbers = v.record(v.string(), v.number());

const metric = v.object({
  values: numbers,
  thresholds: v.optional(v.record(v.string(), v.object({ ok: v.boolean() }))),
});

/** The metrics that `handleSummary` of scenario.js writes. A metric without a sample may be missing. */
const summary = v.record(v.string(), metric);

/** What k6 counted in one step. */
export interface K6Counts
  extends Pick<LoadStep, "requests" | "succeeded" | "shed" | "failed" | "latencyMs" | "failedThresholds"> {
  /** Bytes per request, over all requests of the step. */
  readonly bytes: LoadStep["bytes"];
}

/** Reads the summary of one step. Throws a ValiError if it has another shape. */
export function readSummary(text: string): K6Counts {
  const metrics = v.parse(summary, JSON.parse(text));
  const value = (name: string, key: string) => metrics[name]?.values[key] ?? 0;
  const [succeeded, shed, failed] = (["requests_succeeded", "requests_shed", "requests_failed"] as const).map(
    (name) => value(name, "count"),
  ) as [number, number, number];
  const sent = value("http_reqs", "count");
  const perRequest = (name: string) => (sent > 0 ? value(name, "count") / sent : 0);
  return {
    requests: succeeded + shed + failed,
    succeeded,
    shed,
    failed,
    ...(succeeded > 0 && {
      latencyMs: {
        mean: value("latency", "avg"),
        p50: value("latency", "p(50)"),
        p95: value("latency", "p(95)"),
        p99: value("latency", "p(99)"),
        max: value("latency", "max"),
      },
    }),
    bytes: { received: perRequest("data_received"), sent: perRequest("data_sent") },
    failedThresholds: Object.entries(metrics).flatMap(([name, { thresholds = {} }]) =>
      Object.entries(thresholds)
        .filter(([, { ok }]) => !ok)
        .map(([threshold]) => `${name}: ${threshold}`),
    ),
  };
}

/** Requests in the measured time so far. */
export interface LiveCounts {
  readonly succeeded: number;
  readonly shed: number;
  readonly failed: number;
  /** Mean latency of successful requests; undefined if no request succeeded. */
  readonly meanMs: number | undefined;
}

const live = v.object({
  data: v.array(v.object({ id: v.string(), attributes: v.object({ sample: numbers }) })),
});

/** Reads the response of k6's `GET /v1/metrics`. Throws a ValiError if it has another shape. */
export function readLive(body: unknown): LiveCounts {
  const samples = new Map(v.parse(live, body).data.map(({ id, attributes }) => [id, attributes.sample]));
  const count = (name: string) => samples.get(name)?.count ?? 0;
  return {
    succeeded: count("requests_succeeded"),
    shed: count("requests_shed"),
    failed: count("requests_failed"),
    meanMs: samples.get("latency")?.avg,
  };
}
