import { dashboard } from "../dashboard.ts";
import { CELL, label, linkBuilder, linkTo } from "../links.ts";
import { ERROR_LEVELS, MESSAGE_LABEL, READABLE_LINE } from "../logql.ts";
import { logs } from "../panels/logs.ts";
import { stat } from "../panels/stat.ts";
import { table } from "../panels/table.ts";
import { timeseries } from "../panels/timeseries.ts";
import { orTextRow } from "../promql.ts";
import { logLines, logMetric } from "../targets.ts";
import { goodBelow } from "../thresholds.ts";
import { logLabel, text } from "../variables.ts";
import { LEVEL_COLOURS } from "./levels.ts";

const service = logLabel(
  {
    name: "service",
    label: "Service",
    description: "The services whose lines are shown: one, several, or all.",
  },
  "service_name",
);
const level = logLabel(
  {
    name: "level",
    label: "Level",
    description: "The levels of the lines. Does not apply to the panels of errors.",
  },
  "level",
);
const search = text({
  name: "search",
  label: "Contains",
  description: "A text that the line contains, such as a trace id.",
});

const SEARCH = "|= `$search`";
const LINES = `{service_name=~"$service", level=~"$level"} ${SEARCH}`;
const ERRORS = `{service_name=~"$service", level=~"${ERROR_LEVELS}"} ${SEARCH}`;
const BARS = 90;
/** Loki rejects queries with results of more than 500 series. */
const MAX_MESSAGES = 50;

const emptyWithoutErrors = {
  text: "No service has logged an error.",
  filledBy: ["errors-a"],
} as const;

const volume = [
  stat({
    title: "Line rate",
    description: "Log lines per second of the selected services and levels.",
    from: "loki",
    targets: [logMetric(`sum(rate(${LINES} [$__auto]))`, "lines")],
    unit: "cps",
    decimals: 1,
    maxDataPoints: BARS,
    width: 4,
    height: 5,
  }),
  stat({
    title: "Errors",
    description: "Lines of level error or critical in the whole time range.",
    from: "loki",
    targets: [
      logMetric(`sum(count_over_time(${ERRORS} [$__range])) or vector(0)`, "errors", { instant: true }),
    ],
    decimals: 0,
    steps: goodBelow(1),
    width: 4,
    height: 5,
  }),
  timeseries({
    title: "Errors by service",
    description: "Lines of level error or critical, in the time of each bar.",
    from: "loki",
    targets: [logMetric(`sum by (service_name) (count_over_time(${ERRORS} [$__auto]))`, "{{service_name}}")],
    unit: "short",
    decimals: 0,
    bars: true,
    maxDataPoints: BARS,
    width: 16,
    height: 5,
    links: [
      linkTo("traces", `Traces of ${label("service_name")}`, { service: label("service_name") }),
      linkTo("service", `Service: ${label("service_name")}`, { service: label("service_name") }),
    ],
    emptyWhenHealthy: emptyWithoutErrors,
  }),
  timeseries({
    title: "Volume by level",
    description: "Lines in the time of each bar, by level.",
    from: "loki",
    targets: [logMetric(`sum by (level) (count_over_time(${LINES} [$__auto]))`, "{{level}}")],
    unit: "short",
    decimals: 0,
    bars: true,
    maxDataPoints: BARS,
    width: 12,
    height: 8,
    overrides: LEVEL_COLOURS,
    links: [linkTo("logs", `Only ${label("level")}`, { level: label("level") })],
  }),
  timeseries({
    title: "Volume by service",
    description: "Lines in the time of each bar, by the service that wrote them.",
    from: "loki",
    targets: [logMetric(`sum by (service_name) (count_over_time(${LINES} [$__auto]))`, "{{service_name}}")],
    unit: "short",
    decimals: 0,
    bars: true,
    maxDataPoints: BARS,
    width: 12,
    height: 8,
    links: [
      linkTo("logs", `Only ${label("service_name")}`, { service: label("service_name") }),
      linkTo("service", `Service: ${label("service_name")}`, { service: label("service_name") }),
    ],
  }),
];

const lines = [
  table({
    title: "Errors by message",
    description: `The ${MAX_MESSAGES} most frequent messages of level error or critical, with their service and number. A click on a service shows its lines below.`,
    from: "loki",
    targets: [
      logMetric(
        orTextRow(
          `topk(${MAX_MESSAGES}, sum by (service_name, message) (count_over_time(${ERRORS}\n${MESSAGE_LABEL} [$__range])))`,
          "message",
          emptyWithoutErrors.text,
        ),
        "",
        { instant: true },
      ),
    ],
    columns: { message: "Message", service_name: "Service", "Value #A": "Lines" },
    hidden: ["Time"],
    widths: { Service: 130, Lines: 80 },
    largestFirst: "Lines",
    overrides: {
      Service: [
        {
          id: "links",
          value: [
            linkBuilder(
              linkTo("logs", "Error lines", { service: CELL, level: "error&var-level=critical" }),
            ).build(),
            linkBuilder(linkTo("traces", "Traces", { service: CELL })).build(),
          ],
        },
      ],
    },
    width: 24,
    height: 8,
    emptyWhenHealthy: emptyWithoutErrors,
  }),
  logs({
    title: "Lines",
    description:
      "The newest lines of the selected services and levels. A line of a request links to its trace.",
    targets: [logLines(`${LINES}\n${READABLE_LINE}`, 200)],
    width: 24,
    height: 16,
  }),
];

export const logsDashboard = dashboard({
  name: "logs",
  title: "Logs",
  description:
    "What do the services log? The volume by service and level, the errors, and the lines, each with a link to the trace of its request.",
  variables: [service, level, search],
  sections: [
    { title: "Volume", panels: volume },
    { title: "Lines", panels: lines },
  ],
});
