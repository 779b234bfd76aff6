import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { stat } from "../panels/stat.ts";
import { traceTable } from "../panels/table.ts";
import { lost, RANGE, seriesRefused } from "../promql.ts";
import { metric } from "../targets.ts";
import { goodBelow } from "../thresholds.ts";
import { computed } from "../variables.ts";
import { tracesOf } from "./traceql.ts";

/** Seconds. The bound of a bucket, so that the requests beyond it can be counted exactly. */
const SLOW = 0.1;

/** At most about as many events (spans, streams) are in the time that a table of the latest traces asks for. */
const LATEST = 400;

/** More than those, also when traffic grows suddenly: Tempo returns any traces that match when there are more. */
export const LATEST_LIMIT = 2000;

/** The time range of a table of the latest traces. */
export const LATEST_TIME = `\${latest}s`;

/**
 * Seconds. Tempo does not return the latest traces but any, up to the limit. So the search asks for a time so short that
 * all of its traces come: 10 s or more, up to the whole time range where little happens. `events` are at least as many as the
 * traces.
 */
export const latest = (events: string) =>
  computed(
    {
      name: "latest",
      label: "Latest",
      description: "How many seconds the table of the latest traces shows.",
    },
    `clamp(10 * ceil(${LATEST / 10} / sum(rate(${events}[1m]))), 10, $__range_s) or vector(60)`,
    "60",
  );

/** About how many traces the table of slow traces has when there are many slow ones. */
const SLOWEST = 100;

/** Tempo returns any traces that match when there are more than the limit, so the limit is far above what is expected. */
const LIMIT = 500;

const SERVER_SPANS = 'service_name=~"$service", span_kind="SPAN_KIND_SERVER"';
const LATENCY = "traces_spanmetrics_latency";
const inRange = (part: "count" | "bucket") => `(increase(${LATENCY}_${part}{${SERVER_SPANS}}${RANGE}))`;

/**
 * Milliseconds. TraceQL cannot order, and Tempo stops at the limit wherever it then is. So the search asks only for traces beyond
 * this duration: 100 ms, or more when more than about 100 requests took longer, by the histogram of the same spans.
 */
export const slow = computed(
  {
    name: "slow",
    label: "Slow",
    description: "From how many milliseconds on a trace is in the table of slow traces.",
  },
  `10 * floor(100 * (histogram_quantile(scalar(1 - ${SLOWEST} / sum${inRange("count")}), sum by (le) ${inRange("bucket")}) >= ${SLOW})) or vector(${SLOW * 1000})`,
  `${SLOW * 1000}`,
);

/** How many there are; 0 when there is none; -1 when Tempo refuses new series, since the first may then be missing. */
const counted = (count: string) => `round(${count}) > 0\nor on ()\n0 - (${seriesRefused(RANGE)} > bool 0)`;

const says = (none: string) => [
  {
    type: MappingType.ValueToText as const,
    options: {
      0: { text: none, color: "green", index: 0 },
      "-1": { text: "Unknown: span metrics are incomplete.", color: "orange", index: 1 },
    },
  },
];

const NONE_SLOW = "No request took more than 100 ms.";
const NONE_FAILED = "Nothing failed.";

/** The slow and the failed traces of `$service`, each below a count that says in words when there is none. */
export const slowAndFailed = [
  stat({
    title: "Slow requests",
    description: "Requests to the service that took more than 100 ms, counted by Tempo from their spans.",
    targets: [
      metric(
        counted(
          `${lost(`${LATENCY}_count`, RANGE, SERVER_SPANS)}\n- ${lost(`${LATENCY}_bucket`, RANGE, `${SERVER_SPANS}, le="${SLOW}"`)}`,
        ),
        "slow requests",
        { instant: true },
      ),
    ],
    decimals: 0,
    mappings: says(NONE_SLOW),
    steps: ["text"],
    width: 12,
    height: 3,
  }),
  stat({
    title: "Failures",
    description: "Spans of the service that failed, counted by Tempo. One failed request has several.",
    targets: [
      metric(
        counted(
          lost(
            "traces_spanmetrics_calls_total",
            RANGE,
            'service_name=~"$service", status_code="STATUS_CODE_ERROR"',
          ),
        ),
        "failed spans",
        { instant: true },
      ),
    ],
    decimals: 0,
    mappings: says(NONE_FAILED),
    steps: goodBelow(1),
    width: 12,
    height: 3,
  }),
  traceTable({
    title: "Slow traces",
    description:
      "Traces with a request to the service that took more than 100 ms, longest first. When there are many, the search asks for about the 100 slowest requests: the span metrics of the time range say how long those took. A stream takes as long as its caller asked for.",
    query: tracesOf("$service", "kind = server", `duration > \${slow}ms`),
    limit: LIMIT,
    largestFirst: "Duration",
    width: 12,
    height: 10,
    emptyWhenWell: { says: NONE_SLOW, filledBy: ["slow-a"] },
  }),
  traceTable({
    title: "Failed traces",
    description: `Traces in which something failed in the service, newest first. Of more than ${LIMIT}, Tempo returns any ${LIMIT}, not the newest: choose a shorter time.`,
    query: tracesOf("$service", "status = error"),
    limit: LIMIT,
    width: 12,
    height: 10,
    emptyWhenWell: { says: NONE_FAILED, filledBy: ["errors-a"] },
  }),
] as const;
