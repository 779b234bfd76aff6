/** The part of a dashboard's time that a walk looks at. */
export interface TimeRange {
  /** Unix time in seconds. */
  readonly from: number;
  readonly to: number;
}

/** How often Prometheus scrapes, in seconds: `timeInterval` of the provisioned data source. */
export const SCRAPE_INTERVAL = 2;

/** Grafana draws as many points as a panel has pixels, when it says nothing else. */
const USUAL_WIDTH = 1000;

/** Up to which length (ms) an interval is rounded to which: Grafana's own steps (@grafana/data, `roundInterval`). */
const ROUNDED: readonly (readonly [number, number])[] = [
  [1500, 1000],
  [3500, 2000],
  [7500, 5000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
];

/** Seconds that one point of a panel stands for: `$__interval`, never less than a scrape. */
export function stepOf({ from, to }: TimeRange, maxDataPoints = USUAL_WIDTH): number {
  const exact = ((to - from) * 1000) / maxDataPoints;
  const rounded = ROUNDED.find(([below]) => exact < below)?.[1] ?? 7_200_000;
  return Math.max(rounded / 1000, SCRAPE_INTERVAL);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** The time range of a panel with `timeFrom: "1m"`: this long, up to the end of the dashboard's range. */
export function ownRange(range: TimeRange, timeFrom: string | undefined): TimeRange {
  if (timeFrom === undefined) return range;
  const [, amount, unit = ""] = /^(\d+)([smh])$/.exec(timeFrom) ?? [];
  const seconds = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (Number.isNaN(seconds)) throw new Error(`timeFrom ${timeFrom} is not a time such as 30s, 1m or 1h`);
  return { from: range.to - seconds, to: range.to };
}

/** What Grafana puts in for its own variables, in a panel whose points stand for `step` seconds. */
export function builtIns({ from, to }: TimeRange, step: number): Readonly<Record<string, string>> {
  const range = Math.round(to - from);
  return {
    __interval: `${step}s`,
    __interval_ms: `${step * 1000}`,
    __auto: `${step}s`,
    __rate_interval: `${Math.max(step + SCRAPE_INTERVAL, 4 * SCRAPE_INTERVAL)}s`,
    __range: `${range}s`,
    __range_s: `${range}`,
    __range_ms: `${range * 1000}`,
    __from: `${Math.round(from * 1000)}`,
    __to: `${Math.round(to * 1000)}`,
  };
}
