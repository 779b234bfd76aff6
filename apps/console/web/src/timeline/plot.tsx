import { scaleLinear } from "d3-scale";
import type { CSSProperties, ReactNode } from "react";
import { amount, clock, elapsed } from "../app/format.ts";
import { useWidth } from "../app/hooks.ts";
import { roundUp, timeTicks } from "../app/ticks.ts";
import { anchorOf, type Point, path, type TimeDomain } from "./scale.ts";

const PADDING = { top: 14, bottom: 24 };

type Unit = "seconds" | "share" | "rate";

interface Line {
  readonly name: string;
  readonly points: readonly Point[];
  readonly colour: string;
  readonly dashed?: boolean;
}

/** The geometry of a plot. */
export interface PlotArea {
  readonly x: (at: number) => number;
  readonly width: number;
  readonly top: number;
  readonly bottom: number;
}

interface Props {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly unit: Unit;
  readonly range: TimeDomain;
  readonly limit?: number | undefined;
  readonly height?: number;
  /** The end of the axis. The default is a round number above the highest value. */
  readonly top?: number;
  /** The zero of the time axis. If missing, the axis shows times of day. */
  readonly origin?: number | undefined;
  /** The time range in which the fault was active. */
  readonly shaded?: TimeDomain | undefined;
  /** Content on top of the plot. */
  readonly children?: (area: PlotArea) => ReactNode;
}

/** Draws lines with title, axes and, for several lines, a legend. */
export function Plot({
  title,
  lines,
  unit,
  range,
  limit,
  height = 200,
  top,
  origin,
  shaded,
  children,
}: Props) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const box = { left: 1, right: Math.max(2, width - 1), top: PADDING.top, bottom: height - PADDING.bottom };
  const x = scaleLinear(range, [box.left, box.right]);
  const clamped = (at: number) => Math.min(box.right, Math.max(box.left, x(at)));
  return (
    <figure className="plot">
      <figcaption>
        <span>{title}</span>
        {lines.length > 1 &&
          lines.map(({ name, colour }) => (
            <span key={name} className="plot-key">
              <i style={{ background: colour }} />
              {name}
            </span>
          ))}
      </figcaption>
      <div ref={ref} className="plot-area" style={{ height }}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`${title}: ${lines.map(({ name, points }) => `${lines.length > 1 ? `${name} ` : ""}${described(points, unit)}`).join("; ")}`}
          >
            {shaded && (
              <rect
                className="shade"
                x={clamped(shaded[0])}
                width={Math.max(0, clamped(shaded[1]) - clamped(shaded[0]))}
                y={box.top}
                height={box.bottom - box.top}
              />
            )}
            {timeTicks(range, Math.max(2, Math.floor(width / 90)), origin).map((tick) => (
              <text
                key={tick}
                className="axis"
                x={x(tick)}
                y={height - 8}
                textAnchor={anchorOf(x(tick), width)}
              >
                {origin === undefined
                  ? clock(tick)
                  : `${tick < origin ? "−" : "+"}${elapsed(Math.abs(tick - origin))}`}
              </text>
            ))}
            <SignalPlot
              lines={lines}
              unit={unit}
              range={range}
              limit={limit}
              box={box}
              {...(top !== undefined && { top })}
            />
          </svg>
        )}
        {width > 0 && children?.({ x, width, top: box.top, bottom: box.bottom })}
      </div>
    </figure>
  );
}

interface SignalPlotProps {
  readonly lines: readonly Line[];
  readonly unit: Unit;
  readonly range: TimeDomain;
  readonly limit?: number | undefined;
  /** The end of the axis. The default is a round number above the highest value. */
  readonly top?: number;
  /** The position within the SVG. */
  readonly box: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  };
}

/** Draws lines over time with an optional limit, as part of an SVG. */
export function SignalPlot({ lines, unit, range, limit, top: given, box }: SignalPlotProps) {
  const values = lines.flatMap(({ points }) =>
    points.flatMap(([, value]) => (Number.isFinite(value) ? value : [])),
  );
  const highest = Math.max(...values, (limit ?? 0) * 1.25, unit === "share" ? 0.05 : 0.001);
  const top = given ?? (unit === "share" ? Math.min(1, roundUp(highest)) : roundUp(highest));
  const x = scaleLinear(range, [box.left, box.right]);
  const y = scaleLinear([0, top], [box.bottom, box.top]).clamp(true);
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

/** Describes a plot for screen readers. */
export function described(points: readonly Point[] | undefined, unit: Unit): string {
  const values = (points ?? []).flatMap(([, value]) => (Number.isFinite(value) ? value : []));
  const last = values.at(-1);
  if (last === undefined) return "no data";
  return `now ${amount(last, unit)}, between ${amount(Math.min(...values), unit)} and ${amount(Math.max(...values), unit)}`;
}
