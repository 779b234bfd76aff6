import { z } from "zod";

/** Default and maximum duration of a fault, in milliseconds. */
export const DEFAULT_FAULT_MS = 5 * 60_000;
export const MAX_FAULT_MS = 60 * 60_000;

const share = (fallback: number) => z.number().gt(0).max(1).default(fallback);
const milliseconds = (fallback: number) => z.int().min(1).max(60_000).default(fallback);

/** The settings of each kind of fault, with their defaults. `share` is the share of calls that it affects. */
export const SETTINGS = {
  /** Delays calls. The default is below the deadline of two seconds, so that calls are slow but succeed. */
  slow: z.strictObject({ share: share(1), delay_ms: milliseconds(400) }),
  /** Fails calls. */
  errors: z.strictObject({ share: share(0.5) }),
  /** Stops streams after a number of values, but never after the last, until the deadline of the call. */
  stall: z.strictObject({ share: share(1), after: z.int().min(0).max(10_000).default(2) }),
  /** Sends calls through a TCP proxy that resets some connections and delays the responses on others. */
  link: z.strictObject({ reset_share: share(0.3), delay_share: share(0.3), delay_ms: milliseconds(400) }),
  /** Has no effect itself: it marks the calls that a fault of another service affects. */
  mark: z.strictObject({ share: share(1) }),
} as const;

/** A kind of fault. */
export type FaultKind = keyof typeof SETTINGS;
/** The settings of a kind of fault. */
export type FaultSettings<Kind extends FaultKind> = z.output<(typeof SETTINGS)[Kind]>;

/** The body of `PUT /faults/<name>`: duration and settings. */
export const faultRequest = z.strictObject({
  for_ms: z.int().min(1).max(MAX_FAULT_MS).default(DEFAULT_FAULT_MS),
  settings: z.record(z.string(), z.unknown()).default({}),
});
