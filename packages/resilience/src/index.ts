export * from "./concurrency-limiter.ts";

/**
 * The algorithms that choose one of several instances (docs/load-balancing.md). They are listed here, because a gateway
 * checks its settings without loading them.
 */
export const BALANCING_ALGORITHMS = [
  "round-robin",
  "sticky",
  "least-connections",
  "least-time",
  "hash",
  "random-two",
] as const;
