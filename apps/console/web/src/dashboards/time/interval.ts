import { rangeUtil } from "@grafana/data";
import { SCRAPE_INTERVAL_MS } from "@lgtm-lab/contracts/services";

/** The maximum number of points of a series; Prometheus rejects queries for more than 11,000. */
const MOST_POINTS = 10_000;

/** Returns the interval between two points of a panel in milliseconds: `$__interval`. */
export function intervalOf(rangeMs: number, maxDataPoints: number, leastMs = SCRAPE_INTERVAL_MS): number {
  const rounded = rangeUtil.roundInterval(rangeMs / Math.max(1, maxDataPoints));
  const least = Math.ceil(rangeMs / MOST_POINTS / 1000) * 1000;
  return Math.max(rounded, leastMs, least);
}

/** Returns `$__rate_interval` in milliseconds: at least four scrape intervals. */
export const rateIntervalOf = (intervalMs: number, scrapeMs = SCRAPE_INTERVAL_MS): number =>
  Math.max(intervalMs + scrapeMs, 4 * scrapeMs);

/** Formats milliseconds as a PromQL duration: `90s`, `1500ms`. */
export const written = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
