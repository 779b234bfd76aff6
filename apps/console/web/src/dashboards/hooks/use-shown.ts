import { type DataFrame, FieldType, getFieldDisplayName } from "@grafana/data";
import { useTheme2 } from "@grafana/ui";
import { useMemo } from "react";
import { hasValues, prepared } from "../data/prepare.ts";
import { withServiceColours } from "../data/service-colours.ts";
import { replacer } from "../links/replace.ts";
import type { Panel } from "../model/panel.ts";
import { PANEL_TYPES } from "../panels/index.ts";
import type { Scope } from "../queries/context.ts";
import { usePanelContext } from "../view/panel-context.ts";

export type Shown = ReturnType<typeof useShown>;

/** Applies the panel's settings to the frames. */
export function useShown(panel: Panel, scope: Scope, frames: readonly DataFrame[] | undefined) {
  const theme = useTheme2();
  const timeZone = scope.dashboard.timezone;
  const names = useMemo(
    () =>
      (frames ?? []).flatMap((frame) =>
        frame.fields
          .filter(({ type }) => type !== FieldType.time)
          .map((field) => getFieldDisplayName(field, frame, [...(frames ?? [])])),
      ),
    [frames],
  );
  const { context, hidden } = usePanelContext(scope.dashboard.sharedCrosshair, names);
  const result = useMemo(() => {
    if (!frames) return { frames: [], isEmpty: true, error: undefined };
    const replaceVariables = replacer(scope);
    const defaults = PANEL_TYPES.get(panel.type)?.defaults ?? {};
    try {
      const done = prepared(frames, {
        fieldConfig: panel.fieldConfig,
        defaults,
        hidden,
        theme,
        timeZone,
        replaceVariables,
      });
      const coloured = panel.type === "timeseries" ? withServiceColours(done, theme) : done;
      return { frames: coloured, isEmpty: !hasValues(frames), error: undefined };
    } catch (error) {
      return { frames: [], isEmpty: false, error: error as Error };
    }
  }, [frames, panel, scope, theme, timeZone, hidden]);
  return { ...result, context, theme, timeZone, replaceVariables: useMemo(() => replacer(scope), [scope]) };
}
