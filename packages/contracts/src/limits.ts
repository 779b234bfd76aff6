/** The limits of the API. docs/services.md lists the same numbers. */
export const LIMITS = {
  /** Maximum length of a name, in Unicode code points. */
  nameMaxLength: 256,
  countMin: 1,
  countMax: 10_000,
  /** Pause between two values, in milliseconds. */
  delayMsMin: 0,
  delayMsMax: 60_000,
  /** Maximum duration of a stream: (count − 1) · delay_ms, in milliseconds. */
  streamMsMax: 60_000,
} as const;

/** The values of missing parameters. */
export const DEFAULTS = { name: "mundo", count: 5, delayMs: 0 } as const;

/** Time until the deadline of a call beyond the requested duration, in milliseconds. */
export const CALL_GRACE_MS = 2_000;

/** The header with the caller's deadline over REST, in whole milliseconds from now. */
export const TIMEOUT_HEADER = "x-request-timeout-ms";

/** Maximum deadline that a caller may set, in milliseconds. */
export const CALL_BUDGET_MAX_MS = LIMITS.streamMsMax + CALL_GRACE_MS;
