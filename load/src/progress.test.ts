import assert from "node:assert/strict";
import { it } from "node:test";
import { progressLine, stepLine } from "./progress.ts";

const PROGRESS = {
  protocol: "grpc",
  users: 1600,
  warmUpS: 5,
  seconds: 30,
  step: 3,
  steps: 16,
  phase: "measuring",
  leftS: 245.2,
} as const;

it("the progress has step, users, counts so far and the time left", () => {
  const live = { succeeded: 2000, shed: 1200, failed: 0, meanMs: 1234 };
  assert.equal(
    progressLine({ ...PROGRESS, live, measuredS: 10 }),
    "3 of 16  gRPC, 1,600 users: 200 successful requests/s, mean 1.23 s, 1,200 shed, 0 failed; 4 min 6 s left",
  );
});

it("the progress has the phase before there are counts", () => {
  assert.equal(
    progressLine({ ...PROGRESS, phase: "warming up", leftS: 41 }),
    "3 of 16  gRPC, 1,600 users: warming up; 41 s left",
  );
});

it("counts that arrive after the measured time do not lower the rate", () => {
  const live = { succeeded: 3000, shed: 0, failed: 0, meanMs: 10 };
  assert.match(progressLine({ ...PROGRESS, live, measuredS: 60, phase: "finishing" }), /: 100 successful/);
});

it("a finished step has its counts, its 95th percentile, and a note if it was stopped", () => {
  const step = {
    protocol: "rest",
    users: 25,
    seconds: 4,
    complete: false,
    requests: 402,
    succeeded: 400,
    shed: 0,
    failed: 2,
    latencyMs: { mean: 12.34, p50: 10, p95: 31.26, p99: 40, max: 50 },
    cpuUs: {},
    bytes: { received: 1, sent: 1 },
    dropped: { spans: 0, lines: 0 },
    failedThresholds: [],
  } as const;
  assert.equal(
    stepLine(step),
    "REST, 25 users: 100 successful requests/s, mean 12.3 ms, 0 shed, 2 failed, p95 31.3 ms (stopped after 4.0 s)",
  );
});
