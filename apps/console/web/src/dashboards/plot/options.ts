import { fieldReducers } from "@grafana/data";
import { DashboardCursorSync, LegendDisplayMode, type VizLegendOptions } from "@grafana/schema";
import { readFlag, readTexts, record } from "../../app/json.ts";
import type { Scope } from "../queries/context.ts";

/** Returns the legend options of a panel. The default is a list below the graph. */
export function legendOptions(value: unknown): VizLegendOptions {
  const { displayMode, placement, showLegend, calcs } = record(value);
  const hidden = displayMode === "hidden" || !readFlag(showLegend, true);
  return {
    displayMode: displayMode === "table" ? LegendDisplayMode.Table : LegendDisplayMode.List,
    placement: placement === "right" ? "right" : "bottom",
    showLegend: !hidden,
    calcs: readTexts(calcs).filter((calc) => fieldReducers.getIfExists(calc)),
  };
}

/** Returns the hidden series after a click in the legend. `alone` toggles between that series only and all series. */
export function toggled(
  hidden: ReadonlySet<string>,
  clicked: string,
  all: readonly string[],
  { alone }: { readonly alone: boolean },
): ReadonlySet<string> {
  const others = all.filter((name) => name !== clicked);
  if (alone) {
    const isAlone = !hidden.has(clicked) && others.every((name) => hidden.has(name));
    return new Set(isAlone ? [] : others);
  }
  const next = new Set(hidden);
  if (!next.delete(clicked)) next.add(clicked);
  return next.size >= all.length ? new Set() : next;
}

/** Replaces `TooltipHoverMode` of @grafana/ui, which is exported only as a type. */
export const HOVER_ONE = 0;
export const HOVER_ALL = 1;

/** Returns the cursor mode: whether all panels show the time under the cursor. */
export const syncMode = ({ dashboard }: Scope) =>
  dashboard.sharedCrosshair ? DashboardCursorSync.Crosshair : DashboardCursorSync.Off;
