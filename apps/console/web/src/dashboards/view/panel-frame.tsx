import { LoadingState, rangeUtil } from "@grafana/data";
import { PanelChrome } from "@grafana/ui";
import { useMemo, useState } from "react";
import { useWidth } from "../../app/hooks.ts";
import { usePanelData } from "../hooks/use-panel-data.ts";
import { useSeen } from "../hooks/use-seen.ts";
import { useShown } from "../hooks/use-shown.ts";
import { replacer } from "../links/replace.ts";
import { PANEL_TYPES, type PanelType } from "../panels/index.ts";
import type { Band } from "../queries/annotations.ts";
import type { Scope } from "../queries/context.ts";
import type { Arranged } from "./arrange.ts";
import { PanelBody, type What } from "./panel-body.tsx";
import { PanelBoundary } from "./panel-boundary.tsx";
import { PanelLinks } from "./panel-links.tsx";

const ROW = 30;
const GAP = 8;

export interface PanelFrameProps {
  readonly at: Arranged;
  readonly place: number;
  readonly scope: Scope;
  readonly bands: readonly Band[];
  readonly onZoom: (from: number, to: number) => void;
}

/** Draws a panel at its position in the grid: its title, and its content or the reason why it is empty. */
export function PanelFrame(props: PanelFrameProps) {
  const { at, place } = props;
  const { panel, x, y, w, h } = at;
  const scope = useRepeated(props.scope, at.repeated);
  const [ref, width] = useWidth<HTMLDivElement>();
  const { inSight, due } = useSeen(ref, place);
  const type = PANEL_TYPES.get(panel.type);
  const asks = type !== undefined && !type.asksNothing && panel.targets.length > 0;
  const state = usePanelData(panel, scope, width, inSight, due && asks);
  const replace = useMemo(() => replacer(scope), [scope]);
  const title = replace(panel.title);
  const shownTime = ownTime(replace(panel.timeFrom), scope);
  const height = h * ROW + (h - 1) * GAP;
  const shown = useShown(panel, state.data?.scope ?? scope, state.data?.frames);
  const [failed, setFailed] = useState(false);
  const what =
    failed || state.error || shown.error
      ? "error"
      : stateOf(type, asks, state.data !== undefined, shown.isEmpty);
  return (
    <div
      ref={ref}
      className="panel-place"
      style={{ "--x": x + 1, "--w": w, "--y": y + 1, "--h": h, height }}
      data-panel-title={title}
      data-panel-type={panel.type}
      data-panel-state={what}
    >
      {width > 0 && (
        <PanelChrome
          width={width}
          height={height}
          title={title}
          {...(panel.description && { description: () => replace(panel.description) })}
          {...(shownTime && { titleItems: <span className="panel-time">{shownTime}</span> })}
          displayMode={panel.transparent ? "transparent" : "default"}
          padding={
            panel.type === "table" || panel.type === "logs" || panel.type === "nodeGraph" ? "none" : "md"
          }
          {...(state.isFetching && !state.data && { loadingState: LoadingState.Loading })}
          {...(panel.links.length > 0 && {
            actions: <PanelLinks links={panel.links} replace={replace} scope={scope} />,
          })}
        >
          {(innerWidth, innerHeight) => (
            <PanelBoundary type={panel.type} data={state.data} onFailed={setFailed}>
              <PanelBody
                panel={panel}
                scope={scope}
                bands={props.bands}
                onZoom={props.onZoom}
                width={innerWidth}
                height={innerHeight}
                state={state}
                shown={shown}
                what={what}
                replace={replace}
              />
            </PanelBoundary>
          )}
        </PanelChrome>
      )}
    </div>
  );
}

/** Returns the time range of a panel if it differs from the dashboard's: `Last 1 minute`. */
const ownTime = (timeFrom: string, { range: { raw } }: Scope): string =>
  timeFrom && typeof raw.from === "string" && typeof raw.to === "string"
    ? rangeUtil.describeTextRange(timeFrom).display
    : "";

/** Returns the state of a panel if nothing has failed. */
function stateOf(type: PanelType | undefined, asks: boolean, hasResponse: boolean, isEmpty: boolean): What {
  if (!type) return "error";
  if (type.asksNothing) return "data";
  if (!hasResponse) return asks ? "loading" : "empty";
  return isEmpty ? "empty" : "data";
}

/** Returns the scope of a repeated panel, in which the variable has only the panel's value. */
function useRepeated(scope: Scope, repeated: Arranged["repeated"]): Scope {
  const { name, value } = repeated ?? {};
  return useMemo(() => {
    if (name === undefined || value === undefined) return scope;
    const variables = scope.variables.map((state) =>
      state.variable.name === name ? { ...state, chosen: [value] } : state,
    );
    return { ...scope, variables };
  }, [scope, name, value]);
}
