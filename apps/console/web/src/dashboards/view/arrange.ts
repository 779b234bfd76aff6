import type { Panel } from "../model/panel.ts";
import { ALL } from "../model/variable.ts";
import type { VariableState } from "../variables/values.ts";

/** A panel with its position in the grid. A panel that is repeated for each value of a variable has several. */
export interface Arranged {
  readonly panel: Panel;
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly repeated: { readonly name: string; readonly value: string } | undefined;
}

const COLUMNS = 24;
const MOST_REPEATS = 24;

/** Returns the position of each panel. As in Grafana, repeated panels are side by side, and panels move up into gaps. */
export function arranged(panels: readonly Panel[], variables: readonly VariableState[]): Arranged[] {
  return compacted(panels.flatMap((panel) => repeats(panel, variables)));
}

/** Returns a message for each panel that is repeated for fewer values than its variable has. */
export const unrepeated = (
  panels: readonly Panel[],
  variables: readonly VariableState[],
): readonly string[] =>
  panels.flatMap(({ repeat, title }) => {
    const state = variables.find(({ variable }) => variable.name === repeat);
    const count = state ? valuesOf(state).length : 0;
    return count > MOST_REPEATS
      ? [
          `"${title}" is shown for the first ${MOST_REPEATS} of ${count.toLocaleString("en")} values of ${repeat}.`,
        ]
      : [];
  });

function repeats(panel: Panel, variables: readonly VariableState[]): Arranged[] {
  const { x, y, w, h } = panel.grid;
  const state = variables.find(({ variable }) => variable.name === panel.repeat);
  const values = state ? valuesOf(state).slice(0, MOST_REPEATS) : [];
  if (!state || values.length === 0) return [{ panel, key: panel.key, x, y, w, h, repeated: undefined }];
  const inRow = panel.repeatDown ? 1 : Math.min(values.length, panel.maxPerRow);
  const width = panel.repeatDown ? w : Math.floor(COLUMNS / inRow);
  return values.map((value, index) => ({
    panel,
    key: `${panel.key}=${value}`,
    x: panel.repeatDown ? x : (index % inRow) * width,
    y: y + Math.floor(index / inRow) * h,
    w: width,
    h,
    repeated: { name: state.variable.name, value },
  }));
}

const valuesOf = ({ chosen, options }: VariableState): readonly string[] =>
  chosen[0] === ALL ? options.map(({ value }) => value) : chosen;

/** Moves each panel up until it touches a panel in one of its columns. */
function compacted(items: readonly Arranged[]): Arranged[] {
  const free = new Array<number>(COLUMNS).fill(0);
  return [...items]
    .sort((a, b) => a.y - b.y || a.x - b.x)
    .map((item) => {
      const y = Math.max(...free.slice(item.x, item.x + item.w));
      free.fill(y + item.h, item.x, item.x + item.w);
      return { ...item, y };
    });
}
