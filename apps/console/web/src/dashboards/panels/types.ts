import type { DataFrame, GrafanaTheme2, InterpolateFunction } from "@grafana/data";
import type { ExemplarPoint } from "../frames/exemplars.ts";
import type { Panel } from "../model/panel.ts";
import type { Band } from "../queries/annotations.ts";
import type { Scope } from "../queries/context.ts";

/** The data and options that a panel draws. */
export interface PanelProps {
  readonly panel: Panel;
  readonly width: number;
  readonly height: number;
  /** The frames with units, colours and links applied. */
  readonly frames: readonly DataFrame[];
  readonly exemplars: readonly ExemplarPoint[];
  readonly bands: readonly Band[];
  readonly scope: Scope;
  readonly theme: GrafanaTheme2;
  readonly timeZone: string;
  readonly replaceVariables: InterpolateFunction;
  readonly onZoom: (from: number, to: number) => void;
}
