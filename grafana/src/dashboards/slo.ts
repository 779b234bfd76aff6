import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { duration, PROFILES, SERIES, type WindowPair } from "@lgtm-lab/slo";
import { dashboard } from "../dashboard.ts";
import { label, linkTo, serviceLinks } from "../links.ts";
import type { PlacedPanel } from "../panels/panel.ts";
import { bargauge } from "../panels/stat.ts";
import { stateTimeline } from "../panels/state-timeline.ts";
import { table } from "../panels/table.ts";
import { timeseries } from "../panels/timeseries.ts";
import { orTextRow, series } from "../promql.ts";
import { metric } from "../targets.ts";
import { goodAbove } from "../thresholds.ts";
import { metricLabel } from "../variables.ts";
import { FIRING } from "./firing-alerts.ts";

const SLO = 'slo=~"$slo"';

const objective = metricLabel(
  { name: "slo", label: "Objective", description: "One objective, several, or all of them." },
  SERIES.objective,
  "slo",
);

/** Titles by which alert rules find their panels. */
export const BUDGETS = "Error budget left";
/** Returns the title of the panel with the burn rates of a pair of windows. */
export const burnRateTitle = ({ severity, burnRate }: WindowPair): string =>
  `Burn rate: ${severity} over ${burnRate}`;

/** The row of the state timeline while no alert of these objectives fires. */
const NO_ALERT = "No alert fires";

const promises = [
  table({
    title: "Objectives",
    description:
      "The target of each objective (the share of good events), its period and its service. The documents are in slo/.",
    targets: [metric(series(SERIES.objective, SLO), "", { instant: true, format: "table" })],
    columns: {
      display_name: "Objective",
      service_name: "Service",
      period: "Period",
      Value: "Target",
    },
    hidden: ["Time", "__name__", "slo", "kind", "profile"],
    widths: { Service: 112, Period: 68, Target: 72 },
    overrides: {
      Target: [
        { id: "unit", value: "percentunit" },
        { id: "decimals", value: 1 },
      ],
    },
    width: 12,
    height: 9,
  }),
  bargauge({
    title: BUDGETS,
    description:
      "The remaining error budget of each objective in its period: 100 % is the whole budget, 0 % none. Below 0 the objective is missed.",
    targets: [metric(series(SERIES.budgetRemaining, SLO), "{{slo}}")],
    unit: "percentunit",
    decimals: 1,
    min: 0,
    max: 1,
    steps: goodAbove(0, 0.25),
    width: 12,
    height: 9,
    links: [linkTo("slo", "Only this objective", { slo: label("slo") })],
  }),
  timeseries({
    title: "Error budget over time",
    description:
      "A steep fall is an incident; a slow, steady one is a problem too small to trigger an alert.",
    targets: [metric(series(SERIES.budgetRemaining, SLO), "{{slo}}")],
    unit: "percentunit",
    max: 1,
    signed: true,
    steps: ["red", [0, "transparent"]],
    stepLines: true,
    width: 12,
    height: 9,
    links: serviceLinks,
  }),
  stateTimeline({
    title: "Alerts",
    description:
      "The time ranges in which each alert was firing. A page needs a fast burn in a long and a short window, so the page resolves soon after the problem does.",
    targets: [
      metric(
        orTextRow(`max by (alertname, slo, window, severity) (ALERTS{${FIRING}, ${SLO}})`, "slo", NO_ALERT),
        "{{slo}} {{severity}} {{window}}",
      ),
    ],
    steps: ["green", [1, "red"]],
    mappings: [
      {
        type: MappingType.ValueToText,
        options: {
          0: { text: "no alert", color: "green", index: 0 },
          1: { text: "firing", color: "red", index: 1 },
        },
      },
    ],
    maxDataPoints: 400,
    width: 12,
    height: 9,
    emptyWhenHealthy: { text: NO_ALERT, filledBy: ["errors-a", "slow-b"] },
  }),
];

const name = ({ short, long }: WindowPair) => `${duration(long)} and ${duration(short)}`;

/** Returns one graph for each pair of windows. The active profile has half of the windows. */
function burnRates(): PlacedPanel[] {
  const { demo, production } = PROFILES;
  return demo.pairs.map((pair, index) => {
    const other = production.pairs[index];
    if (!other || other.burnRate !== pair.burnRate)
      throw new Error("the profiles differ in their burn rates");
    const windows = [pair, other].flatMap(({ long, short }) => [duration(long), duration(short)]);
    return timeseries({
      title: burnRateTitle(pair),
      description:
        `The speed at which the error budget is spent; at a burn rate of 1 it lasts exactly for its period. When both windows of an objective ` +
        `(${name(pair)}; in production ${name(other)}) are over ${pair.burnRate}, the dashed line, a ${pair.severity} is due.`,
      targets: [
        metric(series(SERIES.burnRate, `${SLO}, window=~"${windows.join("|")}"`), "{{slo}} {{window}}"),
      ],
      unit: "short",
      decimals: 1,
      steps: ["green", [pair.burnRate, pair.severity === "page" ? "red" : "orange"]],
      stepLines: true,
      width: 12,
      height: 10,
      links: serviceLinks,
    });
  });
}

/** The long window of the fastest page, in each profile. */
const FASTEST = [PROFILES.demo, PROFILES.production].map(({ pairs: [pair] }) => duration(pair?.long ?? 1));

const counts = [
  timeseries({
    title: "Events",
    description: `Events that count for each objective, in the window of the fastest page (${FASTEST.join("; in production ")}).`,
    targets: [metric(series(SERIES.events, `${SLO}, window=~"${FASTEST.join("|")}"`), "{{slo}}")],
    unit: "short",
    width: 12,
    height: 9,
    links: serviceLinks,
  }),
  timeseries({
    title: "Bad events",
    description:
      "Bad events in the same window. A page needs at least 3, because at low traffic a single bad event is a large share.",
    targets: [metric(series(SERIES.badEvents, `${SLO}, window=~"${FASTEST.join("|")}"`), "{{slo}}")],
    unit: "short",
    width: 12,
    height: 9,
    links: serviceLinks,
  }),
];

export const sloDashboard = dashboard({
  name: "slo",
  title: "SLO",
  description:
    "Are the objectives met? The remaining error budget of each objective, and its burn rate in every window that an alert uses.",
  variables: [objective],
  sections: [
    { title: "Objectives and budgets", panels: promises },
    { title: "Burn rates", panels: burnRates() },
    { title: "Events", panels: counts },
  ],
});
