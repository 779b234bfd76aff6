/** Every bound of the lab's public contract. docs/services.md states the same numbers, and a test compares. */
export const LIMITS = {
  /** Longest name, in Unicode code points. */
  nameMaxLength: 256,
  countMin: 1,
  countMax: 10_000,
  /** Pause between two values, in milliseconds. */
  delayMsMin: 0,
  delayMsMax: 60_000,
  /** Longest stream that may be asked for: (count − 1) · delay_ms, in milliseconds. */
  streamMsMax: 60_000,
} as const;

/** What a request gets that leaves a parameter out. */
export const DEFAULTS = { name: "mundo", count: 5, delayMs: 0 } as const;

/** What a call may take beyond the time it asked for, in milliseconds. */
export const CALL_GRACE_MS = 2_000;

/** The REST variant carries the caller's deadline in this header, in whole milliseconds from now. */
export const TIMEOUT_HEADER = "x-request-timeout-ms";

/** Longest deadline that a caller may ask for, in milliseconds. */
export const CALL_BUDGET_MAX_MS = LIMITS.streamMsMax + CALL_GRACE_MS;
