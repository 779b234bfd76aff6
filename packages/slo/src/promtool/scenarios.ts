/** Some steps (one scrape each) of the same traffic: events per step. */
export interface Phase {
  readonly steps: number;
  readonly good?: number;
  readonly bad?: number;
  readonly ignored?: number;
  /** Nothing is scraped at all. */
  readonly absent?: boolean;
}

/** The burn rate an alert stands for. */
export type Burn = 14.4 | 6 | 3 | 1;

/** What must be firing at a moment: nothing else of the objective may. */
export interface Moment {
  /** Steps (scrapes) since the start. */
  readonly at: number;
  readonly burns: readonly Burn[];
  readonly missing?: boolean;
  /** What is left of the error budget, where the scenario says so. */
  readonly budgetLeft?: number;
}

export interface Scenario {
  readonly name: string;
  readonly phases: readonly Phase[];
  readonly moments: readonly Moment[];
}

/** How the lengths below are counted: in scrapes. */
export interface Clock {
  /** Seconds between two scrapes, and between two evaluations. */
  readonly step: number;
  /** Steps in so many minutes of the production profile, or their 30th part in the demo's. */
  readonly steps: (productionMinutes: number) => number;
  /** Steps that a page's condition must hold. */
  readonly hold: number;
  /** Steps that data must be missing. */
  readonly missing: number;
}

/** Every threshold of DESIGN.md's arithmetic from just above and from just below, with all windows burning alike. */
const STEADY: readonly (readonly [number, readonly Burn[]])[] = [
  [14.5, [14.4, 6, 3, 1]],
  [14.3, [6, 3, 1]],
  [6.1, [6, 3, 1]],
  [5.9, [3, 1]],
  [3.1, [3, 1]],
  [2.9, [1]],
  [1.1, [1]],
  [0.9, []],
];

/** Events in a step, at least: so many that a small budget still allows a bad one. */
const EVENTS = 1000;

/** The scenario in which every alert fires, all with the same value. */
export const ALL_FIRE = { name: "steady burn rate 14.5", value: "14.5" } as const;

/**
 * What is tried on each objective. `budget` is its share of bad events: a large one cannot burn fast, so what would need
 * more bad events than there are events is left out.
 */
export function scenarios(budget: number, clock: Clock): Scenario[] {
  return allScenarios(budget, clock).filter(({ phases }) => phases.every(({ good = 0 }) => good >= 0));
}

function allScenarios(budget: number, { steps, hold, missing }: Clock): Scenario[] {
  const events = Math.max(EVENTS, Math.round(1 / budget));
  const bad = (burn: number) => burn * budget * events;
  const mix = (burn: number) => ({ good: events - bad(burn), bad: bad(burn) });
  const long = steps(45);
  const outage = steps(45);
  const after = (minutes: number) => outage + steps(minutes);
  const history = steps(75);
  const burst = steps(15);
  const flooded = Math.min(1, Math.max(0.3, 16 * budget));
  return [
    ...STEADY.map(([burn, burns]) => ({
      name: `steady burn rate ${burn}`,
      phases: [{ steps: long, ...mix(burn) }],
      moments: [{ at: long, burns, budgetLeft: 1 - burn }],
    })),
    {
      name: "a total outage, then all is well: each alert clears with its own short window",
      phases: [
        { steps: outage, bad: events },
        { steps: steps(375), good: events },
      ],
      moments: [
        { at: outage, burns: [14.4, 6, 3, 1] },
        // A quarter of the increase in the fastest short window is bad then.
        ...(0.25 / budget > 15 ? [{ at: after(2.5), burns: [14.4, 6, 3, 1] as const }] : []),
        { at: after(5) + 2, burns: [6, 3, 1] },
        { at: after(15), burns: [6, 3, 1] },
        { at: after(30) + 2, burns: [3, 1] },
        { at: after(60), burns: [3, 1] },
        { at: after(120) + 2, burns: [1] },
        { at: after(180), burns: [1] },
        { at: after(360) + 2, burns: [] },
      ],
    },
    {
      name: "a burst: 52 in the short windows, 8.6 in the slower long one, but only 13 in the fast one's",
      phases: [
        { steps: history, good: events },
        { steps: burst, ...mix(4 * 0.9 * 14.4) },
      ],
      moments: [{ at: history + burst, burns: [6] }],
    },
    {
      name: "a burst: more than 14.4 in the fast one's long window, too",
      phases: [
        { steps: history, good: events },
        { steps: burst, ...mix(4 * 1.4 * 14.4) },
      ],
      moments: [{ at: history + burst, burns: [14.4, 6] }],
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
      moments: [
        { at: 13 + hold, burns: [] },
        { at: 13 + long, burns: [] },
      ],
    },
    {
      name: "low traffic: three events, all bad; then no more, which clears the pages",
      phases: [
        { steps: 10, good: 0 },
        { steps: 1, bad: 1 },
        { steps: 1, good: 0 },
        { steps: 1, bad: 1 },
        { steps: 1, good: 0 },
        { steps: 1, bad: 1 },
        { steps: long, good: 0 },
      ],
      moments: [
        { at: 15 + hold - 1, burns: [] },
        { at: 15 + hold, burns: [14.4, 6] },
        { at: 15 + long, burns: [3, 1] },
      ],
    },
    {
      name: "client errors and cancellations only",
      phases: [{ steps: long, ignored: events }],
      moments: [{ at: long, burns: [], budgetLeft: 1 }],
    },
    {
      name: "a flood of client errors does not hide an outage",
      phases: [{ steps: long, ignored: 1000 * events, good: events * (1 - flooded), bad: events * flooded }],
      moments: [{ at: long, burns: [14.4, 6, 3, 1] }],
    },
    {
      name: "no traffic at all: the counters stand still",
      phases: [{ steps: long, good: 0 }],
      moments: [{ at: long, burns: [], budgetLeft: 1 }],
    },
    {
      name: "the series are gone, and come back",
      phases: [
        { steps: 9, good: events },
        { steps: missing + 5, absent: true },
        { steps: 5, good: events },
      ],
      moments: [
        { at: 9, burns: [] },
        { at: 10 + missing - 1, burns: [] },
        { at: 10 + missing, burns: [], missing: true },
        { at: 10 + missing + 5, burns: [] },
      ],
    },
  ];
}
