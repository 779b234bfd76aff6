import type { Protocol } from "@lgtm-lab/contracts/services";

/** One protocol at one number of users. */
export interface LoadStep {
  readonly protocol: Protocol;
  readonly users: number;
  /** Measured seconds, without warm-up. */
  readonly seconds: number;
  /** False if the step was stopped early; its numbers cover the measured seconds. */
  readonly complete: boolean;
  /** All finished requests. */
  readonly requests: number;
  /** Responses with status 200. */
  readonly succeeded: number;
  /** Responses with status 503: shed by a limit. */
  readonly shed: number;
  /** All other responses, timeouts and connection errors. */
  readonly failed: number;
  /** Latency of successful requests in milliseconds; undefined if no request succeeded. */
  readonly latencyMs?: {
    readonly mean: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  /** CPU microseconds per finished request and process: `gateway` or `gateway-rest`, `service-a`, `service-b`. */
  readonly cpuUs: Readonly<Record<string, number>>;
  /** Bytes per finished request between client and gateway, as k6 counts them. */
  readonly bytes: { readonly received: number; readonly sent: number };
  /** Spans and log lines that the services counted as dropped during the step. */
  readonly dropped: { readonly spans: number; readonly lines: number };
  /** Names of k6 thresholds that failed. */
  readonly failedThresholds: readonly string[];
}

/** The result of one run of `lab load`. */
export interface LoadResult {
  readonly version: 1;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly profile: "full" | "quick" | "custom";
  readonly stoppedEarly: boolean;
  readonly machine: {
    readonly cpus: number;
    readonly cpuModel: string;
    readonly memoryBytes: number;
    readonly os: string;
    readonly node: string;
    readonly k6: string;
    readonly lab: string;
  };
  /** The separate hosts between which the requests were sent, and their limits; undefined on one machine. */
  readonly hosts?: string;
  readonly steps: readonly LoadStep[];
  /** Seconds after the last step until a request succeeds within its usual time again. */
  readonly recoveredAfterS?: number;
}

/**
 * A result as `result.json` and the console's `/api/load` have it. In them, and in the labels of k6's metrics, a step's
 * protocol is called `transport`.
 */
export interface StoredResult extends Omit<LoadResult, "steps"> {
  readonly steps: readonly StoredStep[];
}

export interface StoredStep extends Omit<LoadStep, "protocol"> {
  readonly transport: Protocol;
}

/** Converts a result to the stored format. */
export const toStored = (result: LoadResult): StoredResult => ({
  ...result,
  steps: result.steps.map(({ protocol, ...step }) => ({ transport: protocol, ...step })),
});

/** Converts the stored format to a result. */
export const fromStored = (stored: StoredResult): LoadResult => ({
  ...stored,
  steps: stored.steps.map(({ transport, ...step }) => ({ protocol: transport, ...step })),
});
