/**
 * Grafana's steps for rounding an interval, in milliseconds: an interval below the first number becomes the second one.
 * Copied from `rangeUtil.roundInterval` of @grafana/data, which only a bundler can load, and not the tests.
 */
const ROUNDED: readonly (readonly [number, number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
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
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
];

/** The scrape interval: `timeInterval` of the provisioned data source. */
export const SCRAPE_MS = 2000;

/** The maximum number of points of a series; Prometheus rejects queries for more than 11,000. */
const MOST_POINTS = 10_000;

/** Returns the interval between two points of a panel in milliseconds: `$__interval`. */
export function intervalOf(rangeMs: number, maxDataPoints: number, leastMs = SCRAPE_MS): number {
  const exact = rangeMs / Math.max(1, maxDataPoints);
  const rounded = ROUNDED.find(([below]) => exact < below)?.[1] ?? 2_592_000_000;
  const least = Math.ceil(rangeMs / MOST_POINTS / 1000) * 1000;
  return Math.max(rounded, leastMs, least);
}

/** Returns `$__rate_interval` in milliseconds: at least four scrape intervals. */
export const rateIntervalOf = (intervalMs: number, scrapeMs = SCRAPE_MS): number =>
  Math.max(intervalMs + scrapeMs, 4 * scrapeMs);

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** Parses a duration such as `15s`, `>1m` or `1h30m` to milliseconds. Returns undefined if it is invalid. */
export function milliseconds(duration: string): number | undefined {
  const bare = duration.replace(/^[<>=]+/, "").trim();
  if (!/^(\d+(ms|[smhdwMy]))+$/.test(bare)) return undefined;
  return [...bare.matchAll(/(\d+)(ms|[smhdwMy])/g)].reduce(
    (sum, [, amount = "", unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0),
    0,
  );
}

/** Formats milliseconds as a PromQL duration: `90s`, `1500ms`. */
export const written = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
