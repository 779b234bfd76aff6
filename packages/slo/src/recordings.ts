import { duration } from "./duration.ts";
import { budgetWindow, type Profile, type Severity, windowsOf } from "./profile.ts";
import type { Slo } from "./slo.ts";

/**
 * The series that the rules record, all with the labels `slo` and `service_name`. Dashboards query these series, so
 * that an objective's own queries exist only once.
 */
export const SERIES = {
  /** The target, such as 0.999; with the labels `kind`, `display_name`, `profile` and `period` in addition. */
  objective: "slo:objective",
  /** All events in the last `window`. */
  events: "slo:events:increase",
  /** Bad events in the last `window`. */
  badEvents: "slo:bad_events:increase",
  /** Burn rate in the last `window`: at 1 the budget is used up exactly at the end of the period. */
  burnRate: "slo:burn_rate",
  /** Remaining share of the budget of the last `period`: 1 is all, 0 is none, below 0 it is exceeded. */
  budgetRemaining: "slo:error_budget_remaining",
} as const;

/** Returns the selector of a recorded series of one objective; `window` is a Prometheus duration. */
export function recorded(series: keyof typeof SERIES, slo: Slo, window?: string): string {
  const matchers = [`slo="${slo.name}"`, ...(window === undefined ? [] : [`window="${window}"`])];
  return `${SERIES[series]}{${matchers.join(",")}}`;
}

/** A recording rule of Prometheus. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The smallest divisor: without events the share of bad events is 0 instead of a division by 0. */
const NO_EVENTS = "1e-9";

/** Records the target, for panels and for joins by `slo`. */
export function objectiveRule(slo: Slo, profile: Profile): RecordingRule {
  return {
    record: SERIES.objective,
    expr: `vector(${slo.target})`,
    labels: {
      ...identityLabels(slo),
      kind: slo.kind,
      display_name: slo.displayName,
      profile: profile.name,
      period: duration(profile.period),
    },
  };
}

/**
 * Records events, bad events and burn rate for each window of a severity. The order matters: each rule reads those
 * before.
 */
export function windowRules(slo: Slo, profile: Profile, severity: Severity): RecordingRule[] {
  return windowsOf(profile)
    [severity].map(duration)
    .flatMap((window) => {
      const labels = { ...identityLabels(slo), window };
      return [
        { record: SERIES.events, expr: `sum(increase(${slo.total}[${window}]))`, labels },
        { record: SERIES.badEvents, expr: badEvents(slo, window), labels },
        {
          record: SERIES.burnRate,
          expr: `${recorded("badEvents", slo, window)}\n/ clamp_min(${recorded("events", slo, window)}, ${NO_EVENTS})\n/ ${slo.budget}`,
          labels,
        },
      ];
    });
}

/** Counts 0 bad events if there are events but no series of bad ones. Events that are not good are bad. */
function badEvents(slo: Slo, window: string): string {
  const { what, selector } = slo.counted;
  const counted = `sum(increase(${selector}[${window}]))`;
  const events = `sum(${recorded("events", slo, window)})`;
  if (what === "bad") return `${counted}\nor ${events} * 0`;
  return `clamp_min(\n  ${events} - (${counted} or vector(0)),\n  0\n)`;
}

/**
 * Records the remaining budget: 1 − bad events / events over the period, divided by the budget. It sums up the counts
 * that were recorded for one window at every evaluation. Each event is in equally many of these counts, so the quotient
 * is right, and it costs about a hundredth of evaluating the raw counters over a whole period.
 */
export function budgetRule(slo: Slo, profile: Profile): RecordingRule {
  const window = budgetWindow(profile);
  const period = duration(profile.period);
  const inPeriod = (series: "events" | "badEvents") =>
    `sum(sum_over_time(${recorded(series, slo, window)}[${period}]))`;
  return {
    record: SERIES.budgetRemaining,
    expr: `1 - ${inPeriod("badEvents")}\n  / clamp_min(${inPeriod("events")}, ${NO_EVENTS})\n  / ${slo.budget}`,
    labels: { ...identityLabels(slo), period },
  };
}

const identityLabels = (slo: Slo) => ({ slo: slo.name, service_name: slo.service });
