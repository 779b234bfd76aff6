import { type LoadResult, type LoadStep, type StoredResult, toStored } from "../src/result.ts";

/** Returns one step: by default 400 users over gRPC. */
export const step = (overrides: Partial<LoadStep> = {}): LoadStep => ({
  protocol: "grpc",
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
  ...overrides,
});

/** Returns the result of a load test with these steps. */
export const resultOf = (steps: readonly LoadStep[], overrides: Partial<LoadResult> = {}): LoadResult => ({
  version: 1,
  startedAt: "2026-11-28T15:04:05.678Z",
  endedAt: "2026-11-28T15:16:20.000Z",
  profile: "full",
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
  steps,
  ...overrides,
});

/** Returns a result with one step for each protocol. REST shed some requests. */
export const smallResult = (overrides: Partial<LoadResult> = {}): LoadResult =>
  resultOf([step(), step({ protocol: "rest", requests: 30_000, succeeded: 27_000, shed: 3000 })], {
    profile: "quick",
    recoveredAfterS: 1.2,
    ...overrides,
  });

/** Returns the same result in the stored format. */
export const storedResult = (overrides: Partial<LoadResult> = {}): StoredResult =>
  toStored(smallResult(overrides));

const USERS = [25, 50, 100, 200, 400, 800, 1600, 3200];

/** The maximum number of waiting requests. Steps with more users shed some. */
const MAX_WAITING = 1100;

/** Returns a complete result with realistic numbers: throughput is limited by the CPU, and overload is shed. */
export function fullResult(): LoadResult {
  const steps = (["grpc", "rest"] as const).flatMap((protocol) =>
    USERS.map((users, index) => {
      const maxThroughput = protocol === "grpc" ? 1150 : 870;
      const throughput = Math.min(users / 0.031, maxThroughput) * (1 - 0.015 * index);
      const mean = Math.max(29, (Math.min(users, MAX_WAITING) / throughput) * 1000);
      const succeeded = Math.round(throughput * 30);
      const shed = users > MAX_WAITING ? Math.round((users - MAX_WAITING) * 30 * 0.7) : 0;
      const gateway = protocol === "grpc" ? "gateway" : "gateway-rest";
      return step({
        protocol,
        users,
        requests: succeeded + shed,
        succeeded,
        shed,
        latencyMs: { mean, p50: mean * 0.92, p95: mean * 1.7, p99: mean * 2.3, max: mean * 3.4 },
        cpuUs: {
          [gateway]: (protocol === "grpc" ? 690 : 810) - 8 * index,
          "service-a": protocol === "grpc" ? 95 : 140,
          "service-b": protocol === "grpc" ? 260 : 330,
        },
      });
    }),
  );
  return resultOf(steps, { recoveredAfterS: 1.2 });
}
