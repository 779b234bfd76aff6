import type { SloProfileName } from "@lgtm-lab/contracts";
import { duration } from "./duration.ts";

/** `page` notifies the person on call at once; `ticket` can wait for working hours. */
export type Severity = "page" | "ticket";

/** An alert condition: the burn rate is over `burnRate` in both windows. Windows in seconds. */
export interface WindowPair {
  readonly short: number;
  readonly long: number;
  readonly burnRate: number;
  readonly severity: Severity;
}

/** A set of windows and intervals for all objectives. All times in seconds. */
export interface Profile {
  readonly name: SloProfileName;
  /** The period of the error budget. */
  readonly period: number;
  readonly pairs: readonly WindowPair[];
  /** The evaluation intervals of the rules for pages, and of those for tickets and the budget. */
  readonly interval: Readonly<Record<Severity, number>>;
  /**
   * The time for which a condition must hold. A page waits long enough for TargetDown, which inhibits it, to fire
   * first.
   */
  readonly holdFor: Readonly<Record<Severity | "missing", number>>;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The period of the window pairs below; their burn rates are not valid for any other period. */
const PRODUCTION_PERIOD = 30 * DAY;

/**
 * From "Alerting on SLOs" in the Site Reliability Workbook: 2 % of the budget in 1 h, 5 % in 6 h, 10 % in 1 d, 10 % in
 * 3 d.
 */
const PAIRS: readonly WindowPair[] = [
  { short: 5 * MINUTE, long: 1 * HOUR, burnRate: 14.4, severity: "page" },
  { short: 30 * MINUTE, long: 6 * HOUR, burnRate: 6, severity: "page" },
  { short: 2 * HOUR, long: 1 * DAY, burnRate: 3, severity: "ticket" },
  { short: 6 * HOUR, long: 3 * DAY, burnRate: 1, severity: "ticket" },
];

/** The demo scales every production window by this factor. Burn rates are ratios and stay the same. */
const DEMO_SCALE = 1 / 30;

const scaled = (seconds: number) => Math.round(seconds * DEMO_SCALE);

/** The profiles: short windows for the demo, the workbook's windows for production. */
export const PROFILES: Readonly<Record<SloProfileName, Profile>> = {
  demo: {
    name: "demo",
    period: scaled(PRODUCTION_PERIOD),
    pairs: PAIRS.map((pair) => ({ ...pair, short: scaled(pair.short), long: scaled(pair.long) })),
    interval: { page: 2, ticket: 30 },
    holdFor: { page: 6, ticket: 1 * MINUTE, missing: 30 },
  },
  production: {
    name: "production",
    period: PRODUCTION_PERIOD,
    pairs: PAIRS,
    interval: { page: 30, ticket: 2 * MINUTE },
    holdFor: { page: 1 * MINUTE, ticket: 30 * MINUTE, missing: 15 * MINUTE },
  },
};

/** Returns the windows of each group of rules, in ascending order. A window that both groups use is in `page` only. */
export function windowsOf(profile: Profile): Record<Severity, readonly number[]> {
  const windows = (severity: Severity) => [
    ...new Set(
      profile.pairs.filter((pair) => pair.severity === severity).flatMap(({ short, long }) => [short, long]),
    ),
  ];
  const ascending = (seconds: number[]) => seconds.sort((a, b) => a - b);
  const page = windows("page");
  return {
    page: ascending(page),
    ticket: ascending(windows("ticket").filter((window) => !page.includes(window))),
  };
}

/**
 * Returns the window that the budget is computed from. A gap in the scrapes that is shorter than it loses no events.
 */
export function budgetWindow(profile: Profile): string {
  const [fastest] = profile.pairs;
  if (!fastest) throw new Error(`Profile ${profile.name} has no window pairs.`);
  return duration(fastest.long);
}
