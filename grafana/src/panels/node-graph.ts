import * as nodegraph from "@grafana/grafana-foundation-sdk/nodegraph";
import { serviceMap } from "../targets.ts";
import { type PanelSpec, type PlacedPanel, placed, setCommonOptions } from "./panel.ts";

/**
 * Draws the service map: which service calls which, how often, how long it takes; the red part of each ring is the
 * share of failures.
 */
export function serviceGraph(spec: Omit<PanelSpec, "targets" | "from">): PlacedPanel {
  const fullSpec: PanelSpec = { ...spec, from: "tempo", targets: [serviceMap] };
  return placed(
    setCommonOptions(new nodegraph.PanelBuilder(), fullSpec).zoomMode(nodegraph.ZoomMode.Cooperative),
    fullSpec,
  );
}
