import type { ReactNode } from "react";
import { described, SignalPlot, timeScale } from "./chart.tsx";
import { anchorOf, type Point, type Range, ticks } from "./scale.ts";
import { useWidth } from "./use-width.ts";
import { clock, elapsed } from "./words.ts";

const PADDING = { top: 14, bottom: 24 };

interface Line {
  readonly name: string;
  readonly points: readonly Point[];
  readonly colour: string;
  readonly dashed?: boolean;
}

/** How a place on the plot is found. */
export interface Places {
  readonly x: (at: number) => number;
  readonly width: number;
  readonly top: number;
  readonly bottom: number;
}

interface Props {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly unit: "seconds" | "share" | "rate";
  readonly range: Range;
  readonly limit?: number | undefined;
  readonly height?: number;
  /** Where the axis ends; without it, above the highest value. */
  readonly top?: number;
  /** From where the time is counted; without it the axis has the time of day. */
  readonly origin?: number | undefined;
  /** When the fault was on. */
  readonly shaded?: Range | undefined;
  /** What lies over the plot. */
  readonly children?: (places: Places) => ReactNode;
}

/** A plot by itself: its title, its lines with a legend if there are several, its axes. */
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
  const x = timeScale(range, box.left, box.right);
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
            {ticks(range, origin ?? 0, Math.max(2, Math.floor(width / 90))).map((tick) => (
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
