/** A number of steps (one scrape each) with constant traffic, in events per step. */
export interface Phase {
  readonly steps: number;
  readonly good?: number;
  readonly bad?: number;
  readonly ignored?: number;
  /** The series do not exist. */
  readonly absent?: boolean;
}

/** The burn rate threshold of an alert, which identifies it. */
export type BurnRateThreshold = 14.4 | 6 | 3 | 1;

/** The alerts of the objective that fire at a point in time; no others may. */
export interface Checkpoint {
  /** Steps since the start. */
  readonly at: number;
  /** The thresholds of the burn alerts that fire. */
  readonly firing: readonly BurnRateThreshold[];
  /** Whether the alert for missing data fires. */
  readonly missingDataFires?: boolean;
  /** The remaining error budget, if the scenario checks it. */
  readonly budgetLeft?: number;
}

/** Traffic, and the alerts that it must cause. */
export interface Scenario {
  readonly name: string;
  readonly phases: readonly Phase[];
  readonly checkpoints: readonly Checkpoint[];
}

/** Converts the lengths of the scenarios to steps. */
export interface TimeScale {
  /** Seconds between two scrapes, and between two evaluations. */
  readonly step: number;
  /**
   * Returns the number of steps for a number of minutes in the production profile. In the demo profile all times are 30
   * times shorter.
   */
  readonly steps: (productionMinutes: number) => number;
  /** Steps for which a page's condition must hold before the page fires. */
  readonly hold: number;
  /** Steps for which the series must be absent before the alert for missing data fires. */
  readonly missing: number;
}

/** Burn rates just above and just below each threshold, the same in all windows, and the alerts that fire. */
const STEADY_BURN_RATES: readonly (readonly [number, readonly BurnRateThreshold[]])[] = [
  [14.5, [14.4, 6, 3, 1]],
  [14.3, [6, 3, 1]],
  [6.1, [6, 3, 1]],
  [5.9, [3, 1]],
  [3.1, [3, 1]],
  [2.9, [1]],
  [1.1, [1]],
  [0.9, []],
];

/** Minimum number of events in a step. */
const MIN_EVENTS = 1000;

/** The scenario in which every burn alert fires. All windows have the same burn rate, the value of each alert. */
export const ALL_ALERTS_FIRE = { name: "steady burn rate 14.5", value: "14.5" } as const;

/**
 * Returns the scenarios for an objective. `budget` is the allowed share of bad events. With a large budget, scenarios
 * that need more bad events than there are events are left out.
 */
export function scenarios(budget: number, timeScale: TimeScale): Scenario[] {
  return allScenarios(budget, timeScale).filter(({ phases }) => phases.every(({ good = 0 }) => good >= 0));
}

function allScenarios(budget: number, { steps, hold, missing }: TimeScale): Scenario[] {
  const events = Math.max(MIN_EVENTS, Math.round(1 / budget));
  const bad = (burn: number) => burn * budget * events;
  const mix = (burn: number) => ({ good: events - bad(burn), bad: bad(burn) });
  const long = steps(45);
  const outage = steps(45);
  const after = (minutes: number) => outage + steps(minutes);
  const history = steps(75);
  const burst = steps(15);
  const badShareInFlood = Math.min(1, Math.max(0.3, 16 * budget));
  return [
    ...STEADY_BURN_RATES.map(([burn, firing]) => ({
      name: `steady burn rate ${burn}`,
      phases: [{ steps: long, ...mix(burn) }],
      checkpoints: [{ at: long, firing, budgetLeft: 1 - burn }],
    })),
    {
      name: "a total outage, then recovery: each alert is resolved when its short window no longer contains the outage",
      phases: [
        { steps: outage, bad: events },
        { steps: steps(375), good: events },
      ],
      checkpoints: [
        { at: outage, firing: [14.4, 6, 3, 1] },
        // At this time a quarter of the events in the shortest window is bad.
        ...(0.25 / budget > 15 ? [{ at: after(2.5), firing: [14.4, 6, 3, 1] as const }] : []),
        { at: after(5) + 2, firing: [6, 3, 1] },
        { at: after(15), firing: [6, 3, 1] },
        { at: after(30) + 2, firing: [3, 1] },
        { at: after(60), firing: [3, 1] },
        { at: after(120) + 2, firing: [1] },
        { at: after(180), firing: [1] },
        { at: after(360) + 2, firing: [] },
      ],
    },
    {
      name: "a burst: burn rate above the threshold in both windows of the slow page (26 and 8.6), but only 13 in the long window of the fast page",
      phases: [
        { steps: history, good: events },
        { steps: burst, ...mix(4 * 0.9 * 14.4) },
      ],
      checkpoints: [{ at: history + burst, firing: [6] }],
    },
    {
      name: "a burst: burn rate above 14.4 in both windows of the fast page too",
      phases: [
        { steps: history, good: events },
        { steps: burst, ...mix(4 * 1.4 * 14.4) },
      ],
      checkpoints: [{ at: history + burst, firing: [14.4, 6] }],
    },
    {
      name: "low traffic: two events, both bad",
      phases: [
        { steps: 10, good: 0 },
        { steps: 1, bad: 1 },
        { steps: 1, good: 0 },
        { steps: 1, bad: 1 },
        { steps: long, good: 0 },
      ],
      checkpoints: [
        { at: 13 + hold, firing: [] },
        { at: 13 + long, firing: [] },
      ],
    },
    {
      name: "low traffic: three events, all bad; without further events the pages are resolved",
      phases: [
        { steps: 10, good: 0 },
        { steps: 1, bad: 1 },
        { steps: 1, good: 0 },
        { steps: 1, bad: 1 },
        { steps: 1, good: 0 },
        { steps: 1, bad: 1 },
        { steps: long, good: 0 },
      ],
      checkpoints: [
        { at: 15 + hold - 1, firing: [] },
        { at: 15 + hold, firing: [14.4, 6] },
        { at: 15 + long, firing: [3, 1] },
      ],
    },
    {
      name: "client errors and cancellations only",
      phases: [{ steps: long, ignored: events }],
      checkpoints: [{ at: long, firing: [], budgetLeft: 1 }],
    },
    {
      name: "a flood of client errors does not hide an outage",
      phases: [
        {
          steps: long,
          ignored: 1000 * events,
          good: events * (1 - badShareInFlood),
          bad: events * badShareInFlood,
        },
      ],
      checkpoints: [{ at: long, firing: [14.4, 6, 3, 1] }],
    },
    {
      name: "no traffic: the counters stay constant",
      phases: [{ steps: long, good: 0 }],
      checkpoints: [{ at: long, firing: [], budgetLeft: 1 }],
    },
    {
      name: "the series disappear and return",
      phases: [
        { steps: 9, good: events },
        { steps: missing + 5, absent: true },
        { steps: 5, good: events },
      ],
      checkpoints: [
        { at: 9, firing: [] },
        { at: 10 + missing - 1, firing: [] },
        { at: 10 + missing, firing: [], missingDataFires: true },
        { at: 10 + missing + 5, firing: [] },
      ],
    },
  ];
}
