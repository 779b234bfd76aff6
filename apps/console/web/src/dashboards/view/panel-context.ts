import { CoreApp, EventBusSrv } from "@grafana/data";
import { DashboardCursorSync } from "@grafana/schema";
import { type PanelContext, SeriesVisibilityChangeMode } from "@grafana/ui";
import { useMemo, useState } from "react";
import { toggled } from "../plot/options.ts";

/** Returns the context that Grafana's charts need, and the names of the series that are hidden in the legend. */
export function usePanelContext(shared: boolean, names: readonly string[]) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const known = names.join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `known` changes with the names
  const context = useMemo<PanelContext>(
    () => ({
      eventsScope: "dashboard",
      eventBus: new EventBusSrv(),
      sync: () => (shared ? DashboardCursorSync.Crosshair : DashboardCursorSync.Off),
      app: CoreApp.Dashboard,
      canAddAnnotations: () => false,
      onToggleSeriesVisibility: (label, mode) => {
        const alone = mode === SeriesVisibilityChangeMode.ToggleSelection;
        for (const name of [label].flat())
          if (name !== null) setHidden((before) => toggled(before, name, names, { alone }));
      },
    }),
    [shared, known],
  );
  return { context, hidden };
}
