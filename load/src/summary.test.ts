import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readLive, readSummary } from "./summary.ts";

const counter = (count: number) => ({ type: "counter", contains: "default", values: { count, rate: 1 } });

describe("the summary of k6", () => {
  it("has counts, latency, and bytes per request of the whole step", () => {
    const counts = readSummary(
      JSON.stringify({
        http_reqs: counter(200),
        data_received: counter(60_000),
        data_sent: counter(20_000),
        requests_succeeded: counter(90),
        requests_shed: counter(8),
        requests_failed: { ...counter(2), thresholds: { "count==0": { ok: false } } },
        latency: { values: { avg: 5, "p(50)": 4, "p(95)": 9, "p(99)": 12, max: 30 } },
      }),
    );
    assert.deepEqual(counts, {
      requests: 100,
      succeeded: 90,
      shed: 8,
      failed: 2,
      latencyMs: { mean: 5, p50: 4, p95: 9, p99: 12, max: 30 },
      bytes: { received: 300, sent: 100 },
      failedThresholds: ["requests_failed: count==0"],
    });
  });

  it("has no latency if no request succeeded, and 0 for a metric without a sample", () => {
    const counts = readSummary(
      JSON.stringify({
        requests_failed: { ...counter(0), thresholds: { "count==0": { ok: true } } },
        latency: { values: { avg: 0, "p(50)": 0, "p(95)": 0, "p(99)": 0, max: 0 } },
      }),
    );
    assert.deepEqual(counts, {
      requests: 0,
      succeeded: 0,
      shed: 0,
      failed: 0,
      bytes: { received: 0, sent: 0 },
      failedThresholds: [],
    });
  });

  it("is rejected if it has another shape", () => {
    assert.throws(() => readSummary('{"http_reqs":{"count":1}}'), { name: "ValiError" });
  });
});

describe("the live metrics of k6", () => {
  it("are read by name", () => {
    const metric = (id: string, sample: Record<string, number>) => ({
      type: "metrics",
      id,
      attributes: { sample },
    });
    const data = [
      metric("requests_succeeded", { count: 40, rate: 2 }),
      metric("requests_shed", { count: 3, rate: 1 }),
      metric("latency", { avg: 7, max: 9 }),
    ];
    assert.deepEqual(readLive({ data }), { succeeded: 40, shed: 3, failed: 0, meanMs: 7 });
  });

  it("have no mean before the first success", () => {
    assert.equal(readLive({ data: [] }).meanMs, undefined);
  });
});
