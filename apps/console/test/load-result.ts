import type { LoadResult, LoadStep } from "@lgtm-lab/load/result";

/** Returns one step of a load test: by default 400 users over gRPC. */
export const loadStep = (more: Partial<LoadStep> = {}): LoadStep => ({
  transport: "grpc",
  users: 400,
  seconds: 30,
  complete: true,
  requests: 36_000,
  succeeded: 36_000,
  shed: 0,
  failed: 0,
  latencyMs: { mean: 331, p50: 322, p95: 508, p99: 640, max: 912 },
  cpuUs: { gateway: 610, "service-a": 90, "service-b": 240 },
  bytes: { received: 512, sent: 140 },
  dropped: { spans: 0, lines: 0 },
  failedThresholds: [],
  ...more,
});

/** Returns the result of a load test: by default one step over each transport. */
export const loadResult = (more: Partial<LoadResult> = {}): LoadResult => ({
  version: 1,
  startedAt: "2026-11-28T15:04:05.678Z",
  endedAt: "2026-11-28T15:16:20.000Z",
  profile: "quick",
  stoppedEarly: false,
  machine: {
    cpus: 2,
    cpuModel: "Example CPU",
    memoryBytes: 24 * 2 ** 30,
    os: "Linux 6.1",
    node: "24.21.0",
    k6: "1.8.1",
    lab: "0.1.0",
  },
  steps: [loadStep(), loadStep({ transport: "rest", requests: 30_000, succeeded: 27_000, shed: 3000 })],
  recoveredAfterS: 1.2,
  ...more,
});
