import { SCRAPE_INTERVAL_MS } from "@lgtm-lab/contracts/services";

/** The time range that is queried. */
export interface TimeRange {
  /** Unix time in seconds. */
  readonly from: number;
  readonly to: number;
}

/** In seconds. */
export const SCRAPE_INTERVAL = SCRAPE_INTERVAL_MS / 1000;

/** An assumed panel width in pixels: Grafana's default number of points is the width of the panel. */
const USUAL_WIDTH = 1000;

/**
 * The intervals (ms) to which Grafana rounds, and the upper limit for each. Copied from `rangeUtil.roundInterval` of
 * @grafana/data, which Node cannot load. A test of the console, which uses that function, compares both.
 */
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

/** Returns the step of a panel's queries in seconds (`$__interval`): at least one scrape interval. */
export function panelStep({ from, to }: TimeRange, maxDataPoints = USUAL_WIDTH): number {
  const exact = ((to - from) * 1000) / maxDataPoints;
  const rounded = ROUNDED.find(([below]) => exact < below)?.[1] ?? 7_200_000;
  return Math.max(rounded / 1000, SCRAPE_INTERVAL);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Returns the time range of a panel with `timeFrom: "1m"`: this duration, up to the end of the dashboard's range. */
export function panelTimeRange(range: TimeRange, timeFrom: string | undefined): TimeRange {
  if (timeFrom === undefined) return range;
  const [, amount, unit = ""] = /^(\d+)([smh])$/.exec(timeFrom) ?? [];
  const seconds = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (Number.isNaN(seconds)) throw new Error(`timeFrom ${timeFrom} is not a duration such as 30s, 1m or 1h`);
  return { from: range.to - seconds, to: range.to };
}

/** Returns the values of Grafana's built-in variables in a panel whose points cover `step` seconds. */
export function globalVariables({ from, to }: TimeRange, step: number): Readonly<Record<string, string>> {
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
