import type { Slo } from "./slo.ts";

/**
 * The series that the rules record, each labelled `slo` and `service_name`. Dashboards read these; they never repeat an
 * objective's own queries.
 */
export const SERIES = {
  /** The target, such as 0.999; also labelled `kind`, `display_name`, `profile` and `period`. */
  objective: "slo:objective",
  /** Valid events in the last `window`. */
  events: "slo:events:increase",
  /** Bad events in the last `window`. */
  badEvents: "slo:bad_events:increase",
  /** How many times too fast the budget is spent, in the last `window`: 1 uses it up exactly at the end of the period. */
  burnRate: "slo:burn_rate",
  /** What is left of the budget of the last `period`: 1 is all of it, 0 none, less than 0 overspent. */
  budgetRemaining: "slo:error_budget_remaining",
} as const;

/** The selector of one objective's recorded series; `window` as Prometheus writes durations. */
export function recorded(series: keyof typeof SERIES, slo: Slo, window?: string): string {
  const matchers = [`slo="${slo.name}"`, ...(window === undefined ? [] : [`window="${window}"`])];
  return `${SERIES[series]}{${matchers.join(",")}}`;
}
