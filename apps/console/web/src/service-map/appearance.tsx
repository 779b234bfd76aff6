import type { ComponentType } from "react";
import { callRate, duration, failedShare } from "../app/format.ts";
import type { Call, ServiceNode } from "./calls.ts";

/** A point of the drawing, in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The shapes and texts of a service map. Nodes are drawn around the point (0, 0). */
export interface Appearance {
  readonly className: string;
  readonly arrows: boolean;
  /** The distance between a line and its label. */
  readonly labelGap: number;
  /** Returns the size of the drawing, and the distance of the outermost centres from its edges. */
  readonly area: (
    columns: readonly (readonly ServiceNode[])[],
    room: Size | undefined,
  ) => Size & { readonly margin: Point };
  /** Returns where the line between two centres starts and ends. */
  readonly ends: (from: Point, to: Point) => readonly [Point, Point];
  /** Returns the control points of the line, a cubic Bézier curve. */
  readonly controls: (start: Point, end: Point) => readonly [Point, Point];
  readonly lineWidth: (perSecond: number, busiest: number) => number;
  /** The tooltip of a call. */
  readonly EdgeTitle: ComponentType<{ readonly call: Call }>;
  /** The text at a line; `x` is its centre. */
  readonly EdgeLabel: ComponentType<{ readonly call: Call; readonly x: number }>;
  readonly Node: ComponentType<{ readonly node: ServiceNode }>;
}

const tallest = (columns: readonly (readonly ServiceNode[])[]) =>
  Math.max(1, ...columns.map((column) => column.length));
const hasFailures = (share: number | undefined): share is number => share !== undefined && share > 0;

const BOX = { width: 178, height: 58 } as const;
const BOX_GAP = { x: 190, y: 84 } as const;
const BOX_MARGIN = 12;

/** Boxes that show the call rate and the failures, connected by curves with their 95th percentile. */
export const BOXES: Appearance = {
  className: "map-boxes",
  arrows: false,
  labelGap: 6,
  area: (columns) => ({
    width: columns.length * (BOX.width + BOX_GAP.x) - BOX_GAP.x + 2 * BOX_MARGIN,
    height: tallest(columns) * (BOX.height + BOX_GAP.y) - BOX_GAP.y + 2 * BOX_MARGIN,
    margin: { x: BOX_MARGIN + BOX.width / 2, y: BOX_MARGIN - BOX_GAP.y / 2 },
  }),
  ends: (from, to) => [
    { x: from.x + BOX.width / 2, y: from.y },
    { x: to.x - BOX.width / 2, y: to.y },
  ],
  controls(start, end) {
    const bend = Math.max(60, Math.abs(end.x - start.x) * 0.45);
    return [
      { x: start.x + bend, y: start.y },
      { x: end.x - bend, y: end.y },
    ];
  },
  lineWidth: (perSecond) => 1.5 + Math.min(4, Math.sqrt(perSecond)),
  EdgeTitle: () => null,
  EdgeLabel: ({ call: { perSecond, seconds, failed }, x }) => (
    <>
      {callRate(perSecond)}
      {seconds !== undefined && ` · p95 ${duration(seconds * 1000)}`}
      {failed !== 0 && (
        <tspan className="map-failed" x={x} dy="17">
          {failedShare(failed)}
        </tspan>
      )}
    </>
  ),
  Node: ({ node: { name, isCalled, perSecond, failed } }) => (
    <g transform={`translate(${-BOX.width / 2} ${-BOX.height / 2})`}>
      <rect width={BOX.width} height={BOX.height} rx="8" />
      <rect className="map-stripe" width="5" height={BOX.height} rx="2.5" />
      {isCalled && hasFailures(failed) && (
        <rect className="map-bad" y={BOX.height - 4} width={BOX.width * failed} height="4" rx="2" />
      )}
      <text x="18" y="24" className="map-name">
        {name.length > 20 ? `${name.slice(0, 19)}…` : name}
      </text>
      <text x="18" y="43">
        {isCalled ? `${callRate(perSecond)}, ${failedShare(failed)}` : "calls from outside"}
      </text>
    </g>
  ),
};

const RADIUS = 34;
/** The minimum distance between the centres of a column. If they do not fit, the drawing is higher than its room. */
const MIN_DISTANCE = 2 * RADIUS + 34;
const RING_MARGIN = { x: 70, y: 12 };
const CIRCUMFERENCE = 2 * Math.PI * RADIUS;

const meanDuration = (seconds: number | undefined) =>
  seconds === undefined ? "–" : duration(seconds * 1000, 2);

/**
 * Rings as in Grafana's node graph, connected by arrows. A ring contains the mean duration and the call rate, and its
 * red part is the share of failures.
 */
export const RINGS: Appearance = {
  className: "map-rings",
  arrows: true,
  labelGap: 5,
  area: (columns, { width, height } = { width: 0, height: 0 }) => ({
    width,
    height: Math.max(height, tallest(columns) * MIN_DISTANCE + 2 * RING_MARGIN.y),
    margin: RING_MARGIN,
  }),
  ends(from, to) {
    const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
    return [
      { x: from.x + ux * (RADIUS + 4), y: from.y + uy * (RADIUS + 4) },
      { x: to.x - ux * (RADIUS + 7), y: to.y - uy * (RADIUS + 7) },
    ];
  },
  controls: (start, end) => [between(start, end, 1 / 3), between(start, end, 2 / 3)],
  lineWidth: (perSecond, busiest) => 1 + 2.5 * (perSecond / busiest),
  EdgeTitle: ({ call: { client, server, perSecond, seconds, failed } }) => (
    <title>{`${client} calls ${server}: ${callRate(perSecond)}, ${meanDuration(seconds)} each, ${failedShare(failed)}`}</title>
  ),
  EdgeLabel: ({ call }) => callRate(call.perSecond),
  Node: ({ node: { name, perSecond, seconds, failed } }) => (
    <>
      <title>{`${name}: ${failedShare(failed)}`}</title>
      <circle r={RADIUS} />
      {hasFailures(failed) && (
        <circle
          r={RADIUS}
          className="map-bad"
          strokeDasharray={`${Math.max(3, failed * CIRCUMFERENCE)} ${CIRCUMFERENCE}`}
          transform="rotate(-90)"
        />
      )}
      <text className="map-duration" y="-1">
        {meanDuration(seconds)}
      </text>
      <text y="14">{callRate(perSecond)}</text>
      <text className="map-name" y={RADIUS + 20}>
        {name}
      </text>
    </>
  ),
};

const between = (start: Point, end: Point, share: number): Point => ({
  x: start.x + share * (end.x - start.x),
  y: start.y + share * (end.y - start.y),
});
