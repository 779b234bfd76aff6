import { PanelContextProvider } from "@grafana/ui";
import { readText } from "../../app/json.ts";
import { noticesOf } from "../frames/notices.ts";
import type { PanelDataState } from "../hooks/use-panel-data.ts";
import type { Shown } from "../hooks/use-shown.ts";
import type { Panel } from "../model/panel.ts";
import { PANEL_TYPES } from "../panels/index.ts";
import type { Band } from "../queries/annotations.ts";
import type { Scope } from "../queries/context.ts";

/** The state of a panel. */
export type What = "error" | "data" | "loading" | "empty";

interface PanelBodyProps {
  readonly panel: Panel;
  readonly scope: Scope;
  readonly bands: readonly Band[];
  readonly onZoom: (from: number, to: number) => void;
  readonly width: number;
  readonly height: number;
  readonly state: PanelDataState;
  readonly shown: Shown;
  readonly what: What;
  readonly replace: (text: string) => string;
}

/** The height of the line with the notices, in pixels. */
const NOTICE = 20;

/** Draws the content of a panel, or the reason why it is empty. */
export function PanelBody({
  panel,
  width,
  height,
  state,
  shown,
  what,
  replace,
  scope,
  bands,
  onZoom,
}: PanelBodyProps) {
  const type = PANEL_TYPES.get(panel.type);
  if (!type)
    return (
      <Message bad>{`The console cannot draw panels of the type "${panel.type}". Grafana can.`}</Message>
    );
  if (type.asksNothing)
    return <type.Component {...common(panel, width, height, shown, scope, bands, onZoom)} />;
  if (state.error ?? shown.error) return <Message bad>{(state.error ?? shown.error)?.message ?? ""}</Message>;
  if (what === "loading") return <Message>Loading…</Message>;
  if (what === "empty") {
    if (panel.targets.length === 0) return <Message>This panel has no query.</Message>;
    return <Message>{replace(readText(panel.fieldConfig.defaults.noValue)) || "No data"}</Message>;
  }
  const at = state.data?.scope ?? scope;
  const notices = noticesOf(shown.frames);
  const room = notices.length > 0 ? height - NOTICE : height;
  return (
    <PanelContextProvider value={shown.context}>
      <type.Component {...common(panel, width, room, shown, at, bands, onZoom)} exemplars={state.exemplars} />
      {notices.length > 0 && (
        <p className="panel-notice" style={{ height: NOTICE }} title={notices.join(" ")}>
          {notices.join(" ")}
        </p>
      )}
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
  onZoom: PanelBodyProps["onZoom"],
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
