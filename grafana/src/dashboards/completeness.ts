import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { linkTo } from "../links.ts";
import { stat } from "../panels/stat.ts";
import { RANGE, seriesLimited } from "../promql.ts";
import { metric } from "../targets.ts";
import { goodBelow } from "../thresholds.ts";

const INCOMPLETE =
  "Incomplete: Tempo reached its series limit. New services, calls and first failures are missing; calls shown without failures may have failed.";

/**
 * A panel that shows whether span metrics and the service graph are complete in the time range. It is placed beside the
 * panels that use them.
 */
export const completeness = stat({
  title: "Completeness of span metrics and service map",
  description:
    "Complete if Tempo created all series of span metrics and of the service map in this time range. At its limit of series (metrics_generator_max_active_series) it creates no new ones; traces stay complete. The runbook SpanMetricsIncomplete says what to do.",
  targets: [metric(`${seriesLimited(RANGE)} > bool 0`, "complete?", { instant: true })],
  mappings: [
    {
      type: MappingType.ValueToText,
      options: {
        0: { text: "Complete", color: "green", index: 0 },
        1: { text: INCOMPLETE, color: "red", index: 1 },
      },
    },
  ],
  steps: goodBelow(1),
  width: 24,
  height: 3,
  links: [linkTo("pipeline", "Number of series that Tempo has made")],
});
