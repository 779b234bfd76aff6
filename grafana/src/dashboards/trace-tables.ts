import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { stat } from "../panels/stat.ts";
import { traceTable } from "../panels/table.ts";
import { RANGE, seriesLimited, totalIncrease } from "../promql.ts";
import { metric } from "../targets.ts";
import { goodBelow } from "../thresholds.ts";
import { computed } from "../variables.ts";
import { tracesOf } from "./traceql.ts";

/** In seconds. It is a bucket boundary, so that slower requests can be counted exactly. */
const SLOW = 0.1;

/** The approximate maximum of events (spans, streams) in the time range of a table of the latest traces. */
const LATEST = 400;

/** Higher, in case traffic grows suddenly. Tempo returns arbitrary matches if there are more than the limit. */
export const LATEST_LIMIT = 2000;

/** The time range of a table of the latest traces. */
export const LATEST_TIME = `\${latest}s`;

/**
 * Seconds. Tempo returns arbitrary traces up to the limit, not the latest. So the search uses a time range that is
 * short enough to return all of its traces: at least 10 s, at most the whole time range. `events` is a query for a
 * number of events that is not lower than the number of traces.
 */
export const latest = (events: string) =>
  computed(
    {
      name: "latest",
      label: "Latest",
      description: "The time range of the table of the latest traces, in seconds.",
    },
    `clamp(10 * ceil(${LATEST / 10} / sum(rate(${events}[1m]))), 10, $__range_s) or vector(60)`,
    "60",
  );

/** The approximate number of traces in the table of slow traces when there are many. */
const SLOWEST = 100;

/**
 * Tempo returns arbitrary matches when there are more than the limit, so the limit is far above the expected number.
 */
const LIMIT = 500;

const SERVER_SPANS = 'service_name=~"$service", span_kind="SPAN_KIND_SERVER"';
const LATENCY = "traces_spanmetrics_latency";
const inRange = (part: "count" | "bucket") => `(increase(${LATENCY}_${part}{${SERVER_SPANS}}${RANGE}))`;

/**
 * Milliseconds. TraceQL cannot sort, and Tempo stops at the limit. So the search asks only for traces above this
 * duration: 100 ms, or more if the histogram of the same spans says that more than about 100 requests took longer.
 */
export const slow = computed(
  {
    name: "slow",
    label: "Slow",
    description: "The minimum duration in the table of slow traces, in milliseconds.",
  },
  `10 * floor(100 * (histogram_quantile(scalar(1 - ${SLOWEST} / sum${inRange("count")}), sum by (le) ${inRange("bucket")}) >= ${SLOW})) or vector(${SLOW * 1000})`,
  `${SLOW * 1000}`,
);

/**
 * Returns the number of requests or spans; 0 if there are none; -1 if Tempo is at its series limit, because some may
 * then be missing.
 */
const counted = (count: string) => `round(${count}) > 0\nor on ()\n0 - (${seriesLimited(RANGE)} > bool 0)`;

const mappingsOf = (none: string) => [
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

/** The slow and the failed traces of `$service`, each below a stat that has a text for 0. */
export const slowAndFailed = [
  stat({
    title: "Slow requests",
    description: "Requests to the service that took more than 100 ms, counted by Tempo from their spans.",
    targets: [
      metric(
        counted(
          `${totalIncrease(`${LATENCY}_count`, RANGE, SERVER_SPANS)}\n- ${totalIncrease(`${LATENCY}_bucket`, RANGE, `${SERVER_SPANS}, le="${SLOW}"`)}`,
        ),
        "slow requests",
        { instant: true },
      ),
    ],
    decimals: 0,
    mappings: mappingsOf(NONE_SLOW),
    steps: ["text"],
    width: 12,
    height: 3,
  }),
  stat({
    title: "Failures",
    description: "Failed spans of the service, counted by Tempo. One failed request may have several.",
    targets: [
      metric(
        counted(
          totalIncrease(
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
    mappings: mappingsOf(NONE_FAILED),
    steps: goodBelow(1),
    width: 12,
    height: 3,
  }),
  traceTable({
    title: "Slow traces",
    description:
      "Traces with a request to the service that took more than 100 ms, longest first. If there are many, the minimum duration is chosen from span metrics so that about 100 traces match. A stream takes as long as its caller requested.",
    query: tracesOf("$service", "kind = server", `duration > \${slow}ms`),
    limit: LIMIT,
    largestFirst: "Duration",
    width: 12,
    height: 10,
    emptyWhenHealthy: { text: NONE_SLOW, filledBy: ["slow-a"] },
  }),
  traceTable({
    title: "Failed traces",
    description: `Traces with a failed span of the service, newest first. If there are more than ${LIMIT}, Tempo returns an arbitrary ${LIMIT} of them, not the newest: choose a shorter time range.`,
    query: tracesOf("$service", "status = error"),
    limit: LIMIT,
    width: 12,
    height: 10,
    emptyWhenHealthy: { text: NONE_FAILED, filledBy: ["errors-a"] },
  }),
] as const;
