import { z } from "zod";

/** How long a fault lasts unless it is told, and at most; milliseconds. */
export const DEFAULT_FAULT_MS = 5 * 60_000;
export const MAX_FAULT_MS = 60 * 60_000;

const share = (fallback: number) => z.number().gt(0).max(1).default(fallback);
const milliseconds = (fallback: number) => z.int().min(1).max(60_000).default(fallback);

/** What a fault of each kind can be told, and what it does when it is told nothing. */
export const SETTINGS = {
  /** Waits before it does a call; less than the deadline's two seconds, so that calls are slow rather than lost. */
  slow: z.strictObject({ share: share(1), delay_ms: milliseconds(400) }),
  /** Fails a call. */
  errors: z.strictObject({ share: share(0.5) }),
  /** Sends so many values of a stream, never all, and then nothing more until the call's deadline. */
  stall: z.strictObject({ share: share(1), after: z.int().min(0).max(10_000).default(2) }),
  /** Leads connections through a TCP proxy that resets some and delays what comes back on others. */
  link: z.strictObject({ reset_share: share(0.3), delay_share: share(0.3), delay_ms: milliseconds(400) }),
  /** Does nothing by itself: names a fault that is done to a neighbour, where its victims can be seen. */
  mark: z.strictObject({ share: share(1) }),
} as const;

export type FaultKind = keyof typeof SETTINGS;
export type Settings<Kind extends FaultKind> = z.output<(typeof SETTINGS)[Kind]>;

/** Body of `PUT /faults/<name>`: how long, and what the kind of fault allows. */
export const faultRequest = z.strictObject({
  for_ms: z.int().min(1).max(MAX_FAULT_MS).default(DEFAULT_FAULT_MS),
  settings: z.record(z.string(), z.unknown()).default({}),
});
