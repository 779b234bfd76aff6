import type { LoadStep } from "../result.ts";

/** One step of the original lab. */
interface OriginalStep {
  readonly users: number;
  /** Requests per second. */
  readonly throughput: number;
  readonly meanMs: number;
}

/** The published numbers of the original lab over gRPC. */
export const ORIGINAL_GRPC: readonly OriginalStep[] = [
  { users: 25, throughput: 342, meanMs: 76 },
  { users: 50, throughput: 351, meanMs: 151 },
  { users: 100, throughput: 349, meanMs: 293 },
  { users: 200, throughput: 362, meanMs: 550 },
  { users: 400, throughput: 359, meanMs: 1070 },
  { users: 800, throughput: 346, meanMs: 2140 },
  { users: 1600, throughput: 269, meanMs: 5180 },
  { users: 3200, throughput: 243, meanMs: 10_500 },
];

/** The published numbers over REST: the mean is the same at every step, the throughput is published as a range. */
export const ORIGINAL_REST = { throughput: [0.44, 57], meanMs: 28_000 } as const;

/** The published numbers of users, the same for both protocols. */
export const ORIGINAL_USERS: readonly number[] = ORIGINAL_GRPC.map(({ users }) => users);

/** The set-up of the original lab, as far as it is published. */
export const ORIGINAL_SETUP = {
  machine:
    "a student's machine with Minikube: four virtual machines with 1 or 2 CPUs each (in the ratio 1:2:1:1) and 1024, 2048, 1024 and 1024 MB of memory",
  services: "containers in Kubernetes (Minikube)",
  client: "k6",
  steps: "25 to 3,200 users, 30 s each, gRPC then REST",
} as const;

/**
 * Returns the published throughput of a step: one number for gRPC, and two for REST (a range). Empty if it is unknown.
 */
export function originalThroughput({ protocol, users }: Pick<LoadStep, "protocol" | "users">): number[] {
  if (protocol === "grpc")
    return ORIGINAL_GRPC.filter((step) => step.users === users).map(({ throughput }) => throughput);
  return ORIGINAL_USERS.includes(users) ? [...ORIGINAL_REST.throughput] : [];
}

/** Returns the published mean latency of a step in milliseconds, if there is one. */
export function originalMean({ protocol, users }: Pick<LoadStep, "protocol" | "users">): number | undefined {
  if (protocol === "grpc") return ORIGINAL_GRPC.find((step) => step.users === users)?.meanMs;
  return ORIGINAL_USERS.includes(users) ? ORIGINAL_REST.meanMs : undefined;
}
