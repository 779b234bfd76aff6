import { scaleLinear } from "d3-scale";
import { elapsed } from "../app/format.ts";
import { useWidth } from "../app/hooks.ts";
import { timeTicks } from "../app/ticks.ts";
import type { Episode } from "./episodes.ts";
import type { Signal } from "./expected.ts";
import { type FaultTimeline, STAGES, type Stage } from "./milestones.ts";
import { described, SignalPlot } from "./plot.tsx";
import { anchorOf, type Point, rangeOf, spread } from "./scale.ts";

const MARKERS = { y: 16, radius: 10 };
const FAULT = { top: 44, bottom: 64 };
const ALERT = { top: 70, bottom: 90 };
const PLOT = { top: 122, bottom: 236 };
const HEIGHT = 262;
/** Below this width the title is shortened. */
const NARROW = 440;

interface Props {
  readonly episode: Episode;
  readonly timeline: FaultTimeline;
  readonly signal: Signal;
  readonly points: readonly Point[] | undefined;
  readonly now: number;
}

/** Draws the timeline to scale: fault and alert as bars, milestones as numbers, and the signal below. */
export function TimelineChart({ episode, timeline, signal, points, now }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const range = rangeOf(timeline, now);
  const inner = { left: 1, right: Math.max(2, width - 1) };
  const x = scaleLinear(range, [inner.left, inner.right]);
  const at = Object.fromEntries(timeline.milestones.map((each) => [each.stage, each.at])) as Partial<
    Record<Stage, number>
  >;
  const happened = timeline.milestones
    .flatMap(({ stage, at: when }) => (when === undefined ? [] : { stage, when }))
    .sort((a, b) => a.when - b.when);
  const places = spread(
    happened.map(({ when }) => x(when)),
    MARKERS.radius * 2 + 3,
    [inner.left + MARKERS.radius, inner.right - MARKERS.radius],
  );
  const end = (when: number | undefined) => x(when ?? Math.min(now, range[1]));
  const alertEnd = end(at.resolved);
  const firing = at.firing ?? at.delivered;
  return (
    <div ref={ref} className="timeline-chart" style={{ height: HEIGHT }}>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${signal.title}: ${described(points, signal.unit)}`}
        >
          {timeTicks(range, Math.max(2, Math.floor(width / 90)), episode.start).map((tick) => (
            <g key={tick}>
              <line className="grid" x1={x(tick)} x2={x(tick)} y1={FAULT.top - 6} y2={PLOT.bottom} />
              <text className="axis" x={x(tick)} y={HEIGHT - 8} textAnchor={anchorOf(x(tick), width)}>
                {tick < episode.start ? `−${elapsed(episode.start - tick)}` : elapsed(tick - episode.start)}
              </text>
            </g>
          ))}
          {happened.map(({ stage, when }, index) => (
            <path
              key={stage}
              className={`leader ${stage}`}
              d={`M${places[index] ?? 0},${MARKERS.y}L${x(when)},${FAULT.top - 6}L${x(when)},${PLOT.bottom}`}
            />
          ))}
          <rect
            className="shade"
            x={x(episode.start)}
            width={Math.max(2, end(at.fix) - x(episode.start))}
            y={PLOT.top}
            height={PLOT.bottom - PLOT.top}
          />
          <Bar
            kind="fault"
            from={x(episode.start)}
            to={end(at.fix)}
            lane={FAULT}
            text={episode.fault}
            open={at.fix === undefined}
          />
          {at.pending !== undefined && (
            <Bar
              kind="pending"
              from={x(at.pending)}
              to={firing === undefined ? end(at.fix) : x(firing)}
              lane={ALERT}
              text="pending"
            />
          )}
          {firing !== undefined && (
            <Bar
              kind="firing"
              from={x(firing)}
              to={alertEnd}
              lane={ALERT}
              text="alert fires"
              open={at.resolved === undefined}
            />
          )}
          <text className="plot-title" x={inner.left + 2} y={PLOT.top - 10}>
            {width < NARROW ? signal.title.replace(/ \(.*\)$/, "") : signal.title}
          </text>
          <SignalPlot
            lines={[{ name: "signal", points: points ?? [], colour: "var(--info)" }]}
            unit={signal.unit}
            range={range}
            limit={signal.limit}
            box={{ ...inner, ...PLOT }}
          />
          {happened.map(({ stage }, index) => (
            <g key={stage} className={`marker ${stage}`}>
              <circle cx={places[index] ?? 0} cy={MARKERS.y} r={MARKERS.radius} />
              <text x={places[index] ?? 0} y={MARKERS.y + 4} textAnchor="middle">
                {STAGES.indexOf(stage) + 1}
              </text>
            </g>
          ))}
        </svg>
      )}
    </div>
  );
}

interface BarProps {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  readonly lane: { readonly top: number; readonly bottom: number };
  readonly text: string;
  readonly open?: boolean;
}

function Bar({ kind, from, to, lane, text, open = false }: BarProps) {
  const width = Math.max(3, to - from);
  return (
    <g className={`bar ${kind}`} data-open={open}>
      <rect x={from} y={lane.top} width={width} height={lane.bottom - lane.top} rx="4" />
      {width > text.length * 7 + 10 && (
        <text x={from + 7} y={lane.bottom - 6}>
          {text}
        </text>
      )}
    </g>
  );
}
