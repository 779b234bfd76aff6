import { jsonObject } from "@lgtm-lab/contracts";
import * as v from "valibot";

/** Default and maximum duration of a fault, in milliseconds. */
export const DEFAULT_FAULT_MS = 5 * 60_000;
export const MAX_FAULT_MS = 60 * 60_000;

const share = (fallback: number) => v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), fallback);
const integer = (min: number, max: number, fallback: number) =>
  v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max)), fallback);
const milliseconds = (fallback: number) => integer(1, 60_000, fallback);

/** The settings of each kind of fault, with their defaults. `share` is the share of calls that it affects. */
export const SETTINGS = {
  /** Delays calls. The default is below the deadline of two seconds, so that calls are slow but succeed. */
  slow: v.strictObject({ share: share(1), delay_ms: milliseconds(400) }),
  /** Fails calls. */
  errors: v.strictObject({ share: share(0.5) }),
  /** Stops streams after a number of values, but never after the last, until the deadline of the call. */
  stall: v.strictObject({ share: share(1), after: integer(0, 10_000, 2) }),
  /** Sends calls through a TCP proxy that resets some connections and delays the responses on others. */
  link: v.strictObject({ reset_share: share(0.3), delay_share: share(0.3), delay_ms: milliseconds(400) }),
  /** Sends requests to the service itself. Calls of others are not affected. */
  storm: v.strictObject({ per_second: integer(1, 200, 20) }),
  /** Uses an expired certificate for new connections. */
  certificate: v.strictObject({}),
  /** Has no effect itself: it marks the calls that a fault of another service affects. */
  mark: v.strictObject({ share: share(1) }),
} as const;

/** A kind of fault. */
export type FaultKind = keyof typeof SETTINGS;
/** The settings of a kind of fault. */
export type FaultSettings<Kind extends FaultKind> = v.InferOutput<(typeof SETTINGS)[Kind]>;

/** The body of `PUT /faults/<name>`: duration and settings. */
export const faultRequest = v.pipe(
  jsonObject,
  v.strictObject({
    for_ms: integer(1, MAX_FAULT_MS, DEFAULT_FAULT_MS),
    settings: v.optional(v.pipe(jsonObject, v.record(v.string(), v.unknown())), {}),
  }),
);
