import * as nodegraph from "@grafana/grafana-foundation-sdk/nodegraph";
import { serviceMap } from "../targets.ts";
import { described, type PanelSpec, type PlacedPanel, placed } from "./panel.ts";

/** The map of the services: who calls whom, how often, how long it takes, and the red part of each ring is what fails. */
export function serviceGraph(spec: Omit<PanelSpec, "targets" | "from">): PlacedPanel {
  const whole: PanelSpec = { ...spec, from: "tempo", targets: [serviceMap] };
  return placed(
    described(new nodegraph.PanelBuilder(), whole).zoomMode(nodegraph.ZoomMode.Cooperative),
    whole,
  );
}
