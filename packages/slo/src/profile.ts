import { duration } from "./duration.ts";

export type Severity = "page" | "ticket";

/** An alert condition: both windows burn the budget at least `burnRate` times too fast. Windows in seconds. */
export interface WindowPair {
  readonly short: number;
  readonly long: number;
  readonly burnRate: number;
  readonly severity: Severity;
}

/** One set of periods to evaluate the objectives with. All times in seconds. */
export interface Profile {
  readonly name: ProfileName;
  /** The period that the error budget is for. */
  readonly period: number;
  readonly pairs: readonly WindowPair[];
  /** How often the windows of pages are evaluated, and those of tickets and the budget. */
  readonly interval: Readonly<Record<Severity, number>>;
  /** How long a condition must hold. A page waits until TargetDown, which explains it, would have fired. */
  readonly holdFor: Readonly<Record<Severity | "missing", number>>;
}

export const PROFILE_NAMES = ["demo", "production"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The only period whose pairs are known here; the burn rates below are right for no other one. */
export const PRODUCTION_PERIOD = 30 * DAY;

/** After "Alerting on SLOs" in the Site Reliability Workbook: 2 % of 30 days in 1 h, 5 % in 6 h, 10 % in 1 d, 10 % in 3 d. */
const PAIRS: readonly WindowPair[] = [
  { short: 5 * MINUTE, long: 1 * HOUR, burnRate: 14.4, severity: "page" },
  { short: 30 * MINUTE, long: 6 * HOUR, burnRate: 6, severity: "page" },
  { short: 2 * HOUR, long: 1 * DAY, burnRate: 3, severity: "ticket" },
  { short: 6 * HOUR, long: 3 * DAY, burnRate: 1, severity: "ticket" },
];

/** Every window of the demo is this part of production's; burn rates are ratios and stay. */
const DEMO_SCALE = 1 / 30;

const scaled = (seconds: number) => Math.round(seconds * DEMO_SCALE);

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
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

/** The windows of each group of rules, shortest first, none twice: a window that both use is the pages'. */
export function windowsOf(profile: Profile): Record<Severity, readonly number[]> {
  const of = (severity: Severity) => [
    ...new Set(
      profile.pairs.filter((pair) => pair.severity === severity).flatMap(({ short, long }) => [short, long]),
    ),
  ];
  const ascending = (windows: number[]) => windows.sort((a, b) => a - b);
  const page = of("page");
  return {
    page: ascending(page),
    ticket: ascending(of("ticket").filter((window) => !page.includes(window))),
  };
}

/** The window whose counts are summed up over the whole period: gaps in the scrapes up to its length lose nothing. */
export function budgetWindow(profile: Profile): string {
  const [fastest] = profile.pairs;
  if (!fastest) throw new Error(`profile ${profile.name} has no pair of windows`);
  return duration(fastest.long);
}
