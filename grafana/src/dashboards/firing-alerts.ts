import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard";
import { runbookUrl } from "@lgtm-lab/slo";
import { built, CELL, type DataLink, to } from "../links.ts";
import type { PanelSpec, PlacedPanel } from "../panels/panel.ts";
import { table } from "../panels/table.ts";
import { metric } from "../targets.ts";

/** Matchers of the alerts that matter: Watchdog (severity `none`) always fires. */
export const FIRING = 'alertstate="firing", severity!="none"';

/** Columns, by the labels they come from. Alerts have more labels; these tell one from another. */
const COLUMNS = {
  severity: "Severity",
  alertname: "Alert",
  service_name: "Service",
  slo: "Objective",
  window: "Window",
  Value: "Since",
};

/** `ALERTS_FOR_STATE` is the second at which the condition began to hold; Grafana's dates count milliseconds. */
const since = `1000 * max by (${labels().join(", ")}) (
  ALERTS_FOR_STATE and ignoring (alertstate) ALERTS{${FIRING}}
)`;

function labels(): string[] {
  return Object.keys(COLUMNS).filter((name) => name !== "Value");
}

const linkTo = (link: DataLink): DynamicConfigValue[] => [{ id: "links", value: [built(link).build()] }];

/** The alerts that fire, one row each, with what to read about it, whose it is, and which promise it is about. */
export const alertTable = (spec: Omit<PanelSpec, "targets">): PlacedPanel =>
  table({
    ...spec,
    targets: [metric(since, "", { instant: true, format: "table" })],
    columns: COLUMNS,
    hidden: ["Time"],
    largestFirst: "Since",
    overrides: {
      Since: [{ id: "unit", value: "dateTimeFromNow" }],
      Alert: linkTo({ title: "Runbook", url: runbookUrl(CELL) }),
      Service: linkTo(to("service", "The service", { service: CELL })),
      Objective: linkTo(to("slo", "The objective", { slo: CELL })),
    },
  });
