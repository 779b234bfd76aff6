import type { CSSProperties } from "react";
import { type Point, path, type Range, roundUp } from "./scale.ts";
import { amount } from "./words.ts";

type Unit = "seconds" | "share" | "rate";

interface Line {
  readonly name: string;
  readonly points: readonly Point[];
  readonly colour: string;
  readonly dashed?: boolean;
}

interface SignalPlotProps {
  readonly lines: readonly Line[];
  readonly unit: Unit;
  readonly range: Range;
  readonly limit?: number | undefined;
  /** Where the axis ends; without it, above the highest value. */
  readonly top?: number;
  /** The place it has within its SVG. */
  readonly box: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  };
}

/** Lines over time, with the limit from where on it is bad. Drawn into an SVG that somebody else owns. */
export function SignalPlot({ lines, unit, range, limit, top: given, box }: SignalPlotProps) {
  const values = lines.flatMap(({ points }) =>
    points.flatMap(([, value]) => (Number.isFinite(value) ? value : [])),
  );
  const most = Math.max(...values, (limit ?? 0) * 1.25, unit === "share" ? 0.05 : 0.001);
  const top = given ?? (unit === "share" ? Math.min(1, roundUp(most)) : roundUp(most));
  const x = timeScale(range, box.left, box.right);
  const y = (value: number) => box.bottom - (Math.min(value, top) / top) * (box.bottom - box.top);
  const visible = (points: readonly Point[]) => points.filter(([at]) => at >= range[0] && at <= range[1]);
  return (
    <g className="signal-plot">
      {[0, top / 2, top].map((value) => (
        <g key={value}>
          <line className="grid" x1={box.left} x2={box.right} y1={y(value)} y2={y(value)} />
          <text className="axis" x={box.left + 4} y={value === top ? y(value) + 13 : y(value) - 4}>
            {amount(value, unit)}
          </text>
        </g>
      ))}
      {limit !== undefined && limit <= top && (
        <g>
          <line className="limit" x1={box.left} x2={box.right} y1={y(limit)} y2={y(limit)} />
          <text className="limit-text" x={box.right - 4} y={y(limit) - 4} textAnchor="end">
            limit {amount(limit, unit)}
          </text>
        </g>
      )}
      {lines.map(({ name, points, colour, dashed }) => (
        <path
          key={name}
          className="signal"
          d={path(visible(points), x, y)}
          style={{ "--signal": colour } as CSSProperties}
          strokeDasharray={dashed ? "4 3" : undefined}
        />
      ))}
    </g>
  );
}

/** From a time to its place. */
export const timeScale =
  ([from, to]: Range, left: number, right: number) =>
  (at: number): number =>
    left + ((at - from) / Math.max(1, to - from)) * (right - left);

/** What a plot shows, in a sentence, for who does not see it. */
export function described(points: readonly Point[] | undefined, unit: Unit): string {
  const values = (points ?? []).flatMap(([, value]) => (Number.isFinite(value) ? value : []));
  const last = values.at(-1);
  if (last === undefined) return "no data";
  return `now ${amount(last, unit)}, between ${amount(Math.min(...values), unit)} and ${amount(Math.max(...values), unit)}`;
}
