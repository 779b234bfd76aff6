import { duration } from "./duration.ts";
import { budgetWindow, type Profile, type Severity, windowsOf } from "./profile.ts";
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

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Instead of a division by 0 where there are no events: their share is then 0. Less than one event in any period. */
const NO_EVENTS = "1e-9";

/** What the objective is, for panels and for joining by `slo`. */
export function objectiveRule(slo: Slo, profile: Profile): RecordingRule {
  return {
    record: SERIES.objective,
    expr: `vector(${slo.target})`,
    labels: {
      ...own(slo),
      kind: slo.kind,
      display_name: slo.displayName,
      profile: profile.name,
      period: duration(profile.period),
    },
  };
}

/** Events, bad events and burn rate for each window of the pages, or of the tickets. In this order: each needs those before. */
export function windowRules(slo: Slo, profile: Profile, severity: Severity): RecordingRule[] {
  return windowsOf(profile)
    [severity].map(duration)
    .flatMap((window) => {
      const labels = { ...own(slo), window };
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

/** No series of bad events is no bad event, as long as there are events at all. What is not good is bad. */
function badEvents(slo: Slo, window: string): string {
  const { what, selector } = slo.counted;
  const counted = `sum(increase(${selector}[${window}]))`;
  const events = `sum(${recorded("events", slo, window)})`;
  if (what === "bad") return `${counted}\nor ${events} * 0`;
  return `clamp_min(\n  ${events} - (${counted} or vector(0)),\n  0\n)`;
}

/**
 * What is left of the budget. The counts of one window, summed up at every evaluation, count each event as often as any
 * other, so their quotient is the period's; the raw counters over a whole period would be a hundred times the work.
 */
export function budgetRule(slo: Slo, profile: Profile): RecordingRule {
  const window = budgetWindow(profile);
  const period = duration(profile.period);
  const inPeriod = (series: "events" | "badEvents") =>
    `sum(sum_over_time(${recorded(series, slo, window)}[${period}]))`;
  return {
    record: SERIES.budgetRemaining,
    expr: `1 - ${inPeriod("badEvents")}\n  / clamp_min(${inPeriod("events")}, ${NO_EVENTS})\n  / ${slo.budget}`,
    labels: { ...own(slo), period },
  };
}

const own = (slo: Slo) => ({ slo: slo.name, service_name: slo.service });
