import { DashboardCursorSync } from "@grafana/schema";
import type { Scope } from "../queries/context.ts";

/** `TooltipHoverMode` of @grafana/ui, which exists for the compiler only. */
export const HOVER_ONE = 0;
export const HOVER_ALL = 1;

/** Whether hovering one panel shows the time in the others. */
export const syncMode = ({ dashboard }: Scope) =>
  dashboard.sharedCrosshair ? DashboardCursorSync.Crosshair : DashboardCursorSync.Off;
