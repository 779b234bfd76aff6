/** The time ranges that the time picker lists by name. */
export const QUICK_RANGES: readonly (readonly [from: string, name: string])[] = [
  ["now-1m", "Last minute"],
  ["now-5m", "Last 5 minutes"],
  ["now-15m", "Last 15 minutes"],
  ["now-30m", "Last 30 minutes"],
  ["now-1h", "Last hour"],
  ["now-3h", "Last 3 hours"],
  ["now-6h", "Last 6 hours"],
  ["now-12h", "Last 12 hours"],
  ["now-24h", "Last 24 hours"],
  ["now-7d", "Last 7 days"],
];

/** The refresh intervals of a dashboard. The empty one means no automatic refresh. */
export const REFRESH_CHOICES = ["", "2s", "5s", "10s", "30s", "1m", "5m", "15m"] as const;
