import { type DataFrame, FieldType } from "@grafana/data";

/** The cells of a heat map. Rows start at the bottom, columns are sorted by time. */
export interface HeatmapCells {
  readonly times: readonly number[];
  /** The upper bound of each row. */
  readonly bounds: readonly number[];
  readonly counts: readonly (readonly (number | null)[])[];
  readonly stepMs: number;
  /** The largest count. */
  readonly maxCount: number;
}

/** Reads a frame with a column for each bucket. Keeps only one empty row at each end. */
export function cellsOf(frames: readonly DataFrame[], least = 0): HeatmapCells {
  const frame =
    frames.find(({ fields }) => fields.filter(({ type }) => type === FieldType.number).length > 1) ??
    frames[0];
  const time = frame?.fields.find(({ type }) => type === FieldType.time);
  const columns = (frame?.fields ?? []).filter(({ type }) => type === FieldType.number);
  const all = columns.map(({ name, labels, values }) => ({
    bound: boundOf(labels?.le ?? name),
    counts: Array.from(values, (value) =>
      typeof value === "number" && value > least ? value : value === null ? null : 0,
    ),
  }));
  const isFull = ({ counts }: (typeof all)[number]) => counts.some((count) => count !== null && count > 0);
  const first = Math.max(0, all.findIndex(isFull) - 1);
  const last = all.findLastIndex(isFull) + 2;
  const rows = all.slice(first, Math.max(last, first + 1));
  const times = Array.from(time?.values ?? [], Number);
  return {
    times,
    bounds: rows.map(({ bound }) => bound),
    counts: rows.map(({ counts }) => counts),
    stepMs: time?.config.interval ?? (times[1] ?? 0) - (times[0] ?? 0),
    maxCount: Math.max(
      1e-9,
      ...rows.map(({ counts }) =>
        counts.reduce<number>((maxCount, count) => Math.max(maxCount, count ?? 0), 0),
      ),
    ),
  };
}

const boundOf = (le: string) => (/^\+?inf$/i.test(le) ? Number.POSITIVE_INFINITY : Number(le));

/** Returns the vertical position of a value in rows, interpolated within its bucket. */
export function rowOfValue({ bounds }: Pick<HeatmapCells, "bounds">, value: number): number {
  const row = bounds.findIndex((bound) => value <= bound);
  if (row < 0) return bounds.length;
  const lower = row > 0 ? (bounds[row - 1] ?? 0) : 0;
  const upper = bounds[row] ?? lower;
  const share = Number.isFinite(upper) && upper > lower ? (value - lower) / (upper - lower) : 0.5;
  return row + Math.min(1, Math.max(0, share));
}
