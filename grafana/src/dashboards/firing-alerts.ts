import {
  type DynamicConfigValue,
  MappingType,
  SpecialValueMatch,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { runbookUrl } from "@lgtm-lab/slo";
import type { EmptyWhenHealthy } from "../empty-panels.ts";
import { CELL, type DataLink, linkBuilder, linkTo } from "../links.ts";
import type { PanelSpec, PlacedPanel } from "../panels/panel.ts";
import { table } from "../panels/table.ts";
import { orTextRow, TEXT_COLUMN } from "../promql.ts";
import { metric } from "../targets.ts";

/** Matchers that exclude Watchdog (severity `none`), which always fires. */
export const FIRING = 'alertstate="firing", severity!="none"';

/**
 * The labels that identify an alert. Alerts of several windows of one objective are one row, with the time of the
 * first.
 */
const LABELS = { severity: "Severity", alertname: "Alert", service_name: "Service", slo: "Objective" };

/** `ALERTS_FOR_STATE` is the second at which the condition began to hold; Grafana's dates count milliseconds. */
const since = `1000 * min by (${Object.keys(LABELS).join(", ")}) (
  ALERTS_FOR_STATE and ignoring (alertstate) ALERTS{${FIRING}}
)`;

/** The row with the text has no time. */
const noTime = {
  type: MappingType.SpecialValue as const,
  options: { match: SpecialValueMatch.NotANumber, result: { text: "–", index: 0 } },
};

const linkOverride = (link: DataLink): DynamicConfigValue[] => [
  { id: "links", value: [linkBuilder(link).build()] },
];

/** Returns a table of the firing alerts, with links to the runbook, the service dashboard and the SLO dashboard. */
export const alertTable = (
  spec: Omit<PanelSpec, "targets"> & { readonly emptyWhenHealthy: EmptyWhenHealthy },
): PlacedPanel =>
  table({
    ...spec,
    targets: [
      metric(orTextRow(since, TEXT_COLUMN, spec.emptyWhenHealthy.text, "NaN"), "", {
        instant: true,
        format: "table",
      }),
    ],
    columns: { [TEXT_COLUMN]: "State", ...LABELS, Value: "Since" },
    hidden: ["Time"],
    largestFirst: "Since",
    widths: { Severity: 70, Service: 100, Since: 100 },
    overrides: {
      Since: [
        { id: "unit", value: "dateTimeFromNow" },
        { id: "mappings", value: [noTime] },
      ],
      Alert: linkOverride({ title: "Runbook", url: runbookUrl(CELL) }),
      Service: linkOverride(linkTo("service", "Service dashboard", { service: CELL })),
      Objective: linkOverride(linkTo("slo", "SLO dashboard", { slo: CELL })),
    },
  });
