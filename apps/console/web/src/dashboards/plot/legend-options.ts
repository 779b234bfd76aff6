import { fieldReducers } from "@grafana/data";
import { LegendDisplayMode, type VizLegendOptions } from "@grafana/schema";
import { flag, record, texts } from "../model/read.ts";

/** A panel's legend; without settings a list underneath. */
export function legendOptions(value: unknown): VizLegendOptions {
  const { displayMode, placement, showLegend, calcs } = record(value);
  const hidden = displayMode === "hidden" || !flag(showLegend, true);
  return {
    displayMode: displayMode === "table" ? LegendDisplayMode.Table : LegendDisplayMode.List,
    placement: placement === "right" ? "right" : "bottom",
    showLegend: !hidden,
    calcs: texts(calcs).filter((calc) => fieldReducers.getIfExists(calc)),
  };
}
