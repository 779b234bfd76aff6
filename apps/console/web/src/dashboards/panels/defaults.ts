// Grafana's default options for each type of panel.

export const TIME_SERIES_DEFAULTS = {
  color: { mode: "palette-classic" },
  custom: {
    drawStyle: "line",
    lineInterpolation: "linear",
    lineWidth: 1,
    fillOpacity: 0,
    gradientMode: "none",
    spanNulls: false,
    showPoints: "auto",
    pointSize: 5,
    stacking: { mode: "none", group: "A" },
    axisPlacement: "auto",
    axisColorMode: "text",
    axisCenteredZero: false,
    axisBorderShow: false,
    scaleDistribution: { type: "linear" },
    barAlignment: 0,
    barWidthFactor: 0.6,
    thresholdsStyle: { mode: "off" },
    hideFrom: { viz: false, legend: false, tooltip: false },
  },
} as const;

const BY_THRESHOLD = { color: { mode: "thresholds" } } as const;

export const STAT_DEFAULTS = BY_THRESHOLD;
export const GAUGE_DEFAULTS = BY_THRESHOLD;
export const BARGAUGE_DEFAULTS = BY_THRESHOLD;

export const STATE_DEFAULTS = {
  ...BY_THRESHOLD,
  custom: { lineWidth: 0, fillOpacity: 70, spanNulls: false },
} as const;

export const TABLE_DEFAULTS = {
  ...BY_THRESHOLD,
  custom: { align: "auto", inspect: false, cellOptions: { type: "auto" } },
} as const;

export const NO_DEFAULTS = {} as const;
