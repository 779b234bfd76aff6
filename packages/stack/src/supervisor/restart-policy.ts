/** How often a component is started again after an unexpected end. */
export interface RestartPolicy {
  /** So many restarts … */
  readonly max: number;
  /** … in this time, in milliseconds; after one more the component is reported as failed. */
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
    /** Milliseconds to wait before the next restart, or nothing when there were too many. */
    next(now = Date.now()): number | undefined {
      recent = recent.filter((time) => now - time < withinMs);
      if (recent.length >= max) return undefined;
      recent.push(now);
      return Math.min(firstDelayMs * 2 ** (recent.length - 1), maxDelayMs);
    },
  };
}
