import { FieldType, getFieldDisplayName, LoadingState } from "@grafana/data";
import { PanelChrome, PanelContextProvider, useTheme2 } from "@grafana/ui";
import { useMemo, useRef, useState } from "react";
import { hasValues, prepared } from "../data/prepare.ts";
import { withServiceColours } from "../data/service-colours.ts";
import { usePanelData } from "../hooks/use-panel-data.ts";
import { useSeen } from "../hooks/use-seen.ts";
import { useElementWidth } from "../hooks/use-width.ts";
import { replacer } from "../links/replace.ts";
import type { Panel } from "../model/panel.ts";
import { text } from "../model/read.ts";
import { PANEL_TYPES, type PanelType } from "../panels/index.tsx";
import type { Band } from "../queries/annotations.ts";
import type { Scope } from "../queries/context.ts";
import { PanelBoundary } from "./panel-boundary.tsx";
import { usePanelContext } from "./panel-context.ts";
import { PanelLinks } from "./panel-links.tsx";

const ROW = 30;
const GAP = 8;

interface PanelFrameProps {
  readonly panel: Panel;
  readonly place: number;
  readonly scope: Scope;
  readonly bands: readonly Band[];
  readonly onZoom: (from: number, to: number) => void;
}

/** A panel in its place, with its title, and in it what it shows, or why it shows nothing. */
export function PanelFrame(props: PanelFrameProps) {
  const { panel, place, scope } = props;
  const ref = useRef<HTMLDivElement>(null);
  const width = useElementWidth(ref);
  const { inSight, due } = useSeen(ref, place);
  const { x, y, w, h } = panel.grid;
  const type = PANEL_TYPES.get(panel.type);
  const asks = type !== undefined && !type.asksNothing && panel.targets.length > 0;
  const state = usePanelData(panel, scope, width, inSight, due && asks);
  const replace = useMemo(() => replacer(scope), [scope]);
  const title = replace(panel.title);
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
              <Body
                {...props}
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

type What = "error" | "data" | "loading" | "empty";

/** What there is to be seen, when nothing has failed. */
function stateOf(type: PanelType | undefined, asks: boolean, hasAnswer: boolean, isEmpty: boolean): What {
  if (!type) return "error";
  if (type.asksNothing) return "data";
  if (!hasAnswer) return asks ? "loading" : "empty";
  return isEmpty ? "empty" : "data";
}

type Shown = ReturnType<typeof useShown>;

/** The frames with everything that the panel's settings say about them. */
function useShown(
  panel: Panel,
  scope: Scope,
  frames: NonNullable<ReturnType<typeof usePanelData>["data"]>["frames"] | undefined,
) {
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

interface BodyProps extends PanelFrameProps {
  readonly width: number;
  readonly height: number;
  readonly state: ReturnType<typeof usePanelData>;
  readonly shown: Shown;
  readonly what: What;
  readonly replace: (text: string) => string;
}

function Body({ panel, width, height, state, shown, what, replace, scope, bands, onZoom }: BodyProps) {
  const type = PANEL_TYPES.get(panel.type);
  if (!type)
    return (
      <Message bad>{`Panels of the type "${panel.type}" are not drawn here. Grafana shows them.`}</Message>
    );
  if (type.asksNothing)
    return <type.Component {...common(panel, width, height, shown, scope, bands, onZoom)} />;
  if (state.error ?? shown.error) return <Message bad>{(state.error ?? shown.error)?.message ?? ""}</Message>;
  if (what === "loading") return <Message>Loading…</Message>;
  if (what === "empty") {
    if (panel.targets.length === 0) return <Message>This panel asks nothing.</Message>;
    return <Message>{replace(text(panel.fieldConfig.defaults.noValue)) || "No data"}</Message>;
  }
  const at = state.data?.scope ?? scope;
  return (
    <PanelContextProvider value={shown.context}>
      <type.Component
        {...common(panel, width, height, shown, at, bands, onZoom)}
        exemplars={state.exemplars}
      />
    </PanelContextProvider>
  );
}

const common = (
  panel: Panel,
  width: number,
  height: number,
  shown: Shown,
  scope: Scope,
  bands: readonly Band[],
  onZoom: PanelFrameProps["onZoom"],
) => ({
  panel,
  width,
  height,
  frames: shown.frames,
  exemplars: [],
  bands,
  scope,
  theme: shown.theme,
  timeZone: shown.timeZone,
  replaceVariables: shown.replaceVariables,
  onZoom,
});

function Message({ children, bad = false }: { readonly children: string; readonly bad?: boolean }) {
  return (
    <p className={bad ? "panel-message bad" : "panel-message"} role={bad ? "alert" : undefined}>
      {children}
    </p>
  );
}
