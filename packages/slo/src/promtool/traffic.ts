import type { Events } from "./events.ts";

/** Some steps (one scrape each) of the same traffic: events per step. */
export interface Phase {
  readonly steps: number;
  readonly good?: number;
  readonly bad?: number;
  readonly ignored?: number;
  /** Nothing is scraped at all. */
  readonly absent?: boolean;
}

/** The traffic as promtool's `input_series`: counters that start at 0. */
export function inputSeries(events: Events, phases: readonly Phase[]): { series: string; values: string }[] {
  const values = new Map<string, string[]>();
  const totals = new Map<string, number>();
  const each = (sort: keyof Events, share: (phase: Phase) => number) =>
    events[sort].map((series) => ({ series, share: (phase: Phase) => share(phase) / events[sort].length }));
  const flows = [
    ...each("good", ({ good = 0 }) => good),
    ...each("bad", ({ bad = 0 }) => bad),
    ...each("ignored", ({ ignored = 0 }) => ignored),
  ];
  const all = [...new Set(flows.flatMap(({ series }) => series))];
  for (const series of all) values.set(series, ["0"]);
  for (const phase of phases)
    for (const series of all) {
      const perStep = flows
        .filter((flow) => flow.series.includes(series))
        .reduce((sum, flow) => sum + flow.share(phase), 0);
      const before = totals.get(series) ?? 0;
      values.get(series)?.push(phase.absent ? absent(phase.steps) : rising(before, perStep, phase.steps));
      totals.set(series, before + perStep * phase.steps);
    }
  return [...values].map(([series, parts]) => ({ series, values: parts.join(" ") }));
}

/** promtool's notation: `a+bxn` is a, then n more values, each b higher. */
const rising = (before: number, perStep: number, steps: number) =>
  perStep === 0 ? `${tidy(before)}x${steps - 1}` : `${tidy(before + perStep)}+${tidy(perStep)}x${steps - 1}`;

/** A failed scrape marks its series as gone at once; after it there are no samples. */
const absent = (steps: number) => (steps > 1 ? `stale _x${steps - 1}` : "stale");

const tidy = (value: number) => Number(value.toPrecision(12));
