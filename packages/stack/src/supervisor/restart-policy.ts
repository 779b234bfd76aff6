/** Limits how often a component is restarted after an unexpected end. */
export interface RestartPolicy {
  /** Maximum number of restarts within `withinMs`. */
  readonly max: number;
  /** In milliseconds. If a component needs more restarts in this time, it is reported as failed. */
  readonly withinMs: number;
  /** Wait before the first restart; doubled for each further one within the time. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export const RESTART_POLICY: RestartPolicy = {
  max: 5,
  withinMs: 60_000,
  firstDelayMs: 200,
  maxDelayMs: 5000,
};

/** Counts the restarts of one component. */
export function createRestarts({ max, withinMs, firstDelayMs, maxDelayMs }: RestartPolicy) {
  let recent: number[] = [];
  return {
    /** Returns the milliseconds to wait before the next restart, or undefined after too many. */
    next(now = Date.now()): number | undefined {
      recent = recent.filter((time) => now - time < withinMs);
      if (recent.length >= max) return undefined;
      recent.push(now);
      return Math.min(firstDelayMs * 2 ** (recent.length - 1), maxDelayMs);
    },
  };
}
