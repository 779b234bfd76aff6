import { PROTOCOL_NAMES, type Protocol } from "@lgtm-lab/contracts/services";
import { scaleLinear, scaleLog } from "d3-scale";
import type { LoadResult, LoadStep } from "../result.ts";
import { protocolsOf, stepsOf, throughputOf, usersOf } from "./figures.ts";
import { count, decimal, isFiniteNumber, milliseconds } from "./format.ts";
import { ORIGINAL_GRPC, ORIGINAL_REST, ORIGINAL_USERS } from "./original.ts";

/** The coordinate system of a plot. A page scales it to the available width. */
export const SIZE = { width: 620, height: 320 } as const;
/** The area between the axes. */
export const AREA = { left: 58, right: 488, top: 14, bottom: 278 } as const;
/** The least distance between the labels of two lines. */
const LABEL_HEIGHT = 15;

/** A plot of lines over the number of users, as coordinates and texts. The report and the console draw it. */
export interface LinePlot {
  readonly id: string;
  readonly title: string;
  /** Describes the plot for people who cannot see it. */
  readonly description: string;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  /** A range that was published without the value at each number of users. */
  readonly band?: {
    readonly colour: Protocol;
    readonly text: string;
    readonly y: number;
    readonly height: number;
  };
  readonly lines: readonly PlotLine[];
  /** The names of lines and band, at their ends. */
  readonly labels: readonly { readonly text: string; readonly colour: Protocol; readonly y: number }[];
}

/** A mark on an axis, with its text. */
export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** A line of a plot. Lines of the original lab are dashed. */
export interface PlotLine {
  readonly name: string;
  readonly colour: Protocol;
  readonly dashed: boolean;
  /** The value of the attribute `d` of an SVG path. It is interrupted at a step without a value. */
  readonly path: string;
  readonly marks: readonly Mark[];
}

/** A value of a line. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** Whether the step was stopped early. */
  readonly incomplete: boolean;
}

/** Returns the plots of throughput, mean latency and 95th percentile, with the numbers of the original lab. */
export function plotsOf(result: LoadResult): LinePlot[] {
  const protocols = protocolsOf(result);
  const published = (protocol: Protocol, value: (users: number) => number | undefined): Series[] =>
    protocols.includes(protocol)
      ? [
          {
            name: `${PROTOCOL_NAMES[protocol]}, original`,
            colour: protocol,
            dashed: true,
            points: publishedUsers(result).map((users) => ({ users, value: value(users) })),
          },
        ]
      : [];
  const grpc = (what: "throughput" | "meanMs") =>
    published("grpc", (users) => ORIGINAL_GRPC.find((step) => step.users === users)?.[what]);
  const measured = (of: (step: LoadStep) => number | undefined): Series[] =>
    protocols.map((protocol) => ({
      name: PROTOCOL_NAMES[protocol],
      colour: protocol,
      dashed: false,
      points: stepsOf(result, protocol).map((step) => ({
        users: step.users,
        value: of(step),
        incomplete: !step.complete,
      })),
    }));
  const latency = { scale: "log", format: milliseconds } as const;
  return [
    layout({
      id: "throughput",
      title: "Successful requests per second",
      scale: "linear",
      format: decimal,
      series: [...measured(throughputOf), ...grpc("throughput")],
      ...(protocols.includes("rest") && { band: ORIGINAL_REST.throughput }),
    }),
    layout({
      id: "mean",
      title: "Mean latency",
      ...latency,
      series: [
        ...measured(({ latencyMs }) => latencyMs?.mean),
        ...grpc("meanMs"),
        ...published("rest", () => ORIGINAL_REST.meanMs),
      ],
    }),
    layout({
      id: "p95",
      title: "95th percentile of the latency",
      ...latency,
      series: measured(({ latencyMs }) => latencyMs?.p95),
    }),
  ];
}

/** The published numbers of users in the range that this run has. */
function publishedUsers(result: LoadResult): number[] {
  const measured = usersOf(result);
  return ORIGINAL_USERS.filter((users) => users >= (measured[0] ?? 0) && users <= (measured.at(-1) ?? 0));
}

interface Point {
  readonly users: number;
  readonly value: number | undefined;
  readonly incomplete?: boolean;
}

interface Series {
  readonly name: string;
  readonly colour: Protocol;
  readonly dashed: boolean;
  readonly points: readonly Point[];
}

interface PlotSpec {
  readonly id: string;
  readonly title: string;
  readonly scale: "linear" | "log";
  readonly format: (value: number) => string;
  readonly series: readonly Series[];
  /** The published range over REST. */
  readonly band?: readonly [number, number];
}

function layout({ id, title, scale, format, series, band }: PlotSpec): LinePlot {
  const points = series.flatMap((each) => each.points);
  const users = [...new Set(points.map((point) => point.users))].sort((a, b) => a - b);
  const x = scaleLog([(users[0] ?? 1) / 1.15, (users.at(-1) ?? 1) * 1.15], [AREA.left, AREA.right]);
  const y = yScale([...points.map(({ value }) => value), ...(band ?? [])].filter(isFiniteNumber), scale);
  const positionOf = ({ users, value }: Point) =>
    isDrawn(value, scale) ? { x: round(x(users)), y: round(y.of(value)), value } : undefined;
  const lines = series.map((each) => lineOf(each, positionOf, format));
  const labels = lines.flatMap(({ name, colour, marks }) => {
    const last = marks.at(-1);
    return last ? [{ text: name, colour, y: last.y }] : [];
  });
  const [low, high] = band ?? [];
  const drawnBand = low !== undefined &&
    high !== undefined && {
      colour: "rest" as const,
      text: `REST, original: ${format(low)} to ${format(high)}`,
      y: round(y.of(high)),
      height: round(y.of(low) - y.of(high)),
    };
  if (drawnBand)
    labels.push({ text: "REST, original", colour: "rest", y: drawnBand.y + drawnBand.height / 2 });
  return {
    id,
    title,
    description: `${title} over the number of users. The table has the values.`,
    xTicks: users.map((each) => ({ at: round(x(each)), text: count(each) })),
    yTicks: y.ticks.map((tick) => ({ at: round(y.of(tick)), text: format(tick) })),
    ...(drawnBand && { band: drawnBand }),
    lines,
    labels: spreadLabels(labels),
  };
}

type PositionOf = (
  point: Point,
) => { readonly x: number; readonly y: number; readonly value: number } | undefined;

function lineOf(
  { name, colour, dashed, points }: Series,
  positionOf: PositionOf,
  format: PlotSpec["format"],
): PlotLine {
  const path = points.map((point, index) => {
    const at = positionOf(point);
    const before = points[index - 1];
    return at ? `${before && positionOf(before) ? "L" : "M"}${at.x},${at.y}` : "";
  });
  const marks = points.flatMap((point) => {
    const at = positionOf(point);
    if (!at) return [];
    const { users, incomplete = false } = point;
    const text = `${name}, ${count(users)} users: ${format(at.value)}${incomplete ? " (stopped early)" : ""}`;
    return [{ x: at.x, y: at.y, text, incomplete }];
  });
  return { name, colour, dashed, path: path.join(""), marks };
}

/** The y axis of a plot. */
export interface YScale {
  readonly of: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Creates a y axis: from 0, or logarithmic between powers of ten. */
export function yScale(values: readonly number[], kind: "linear" | "log"): YScale {
  if (kind === "linear") {
    const of = scaleLinear([0, Math.max(...values, 0) || 1], [AREA.bottom, AREA.top]).nice(5);
    return { of, ticks: of.ticks(5) };
  }
  const exponents = values.filter((value) => value > 0).map(Math.log10);
  const low = Math.floor(Math.min(...exponents, exponents.length > 0 ? Number.POSITIVE_INFINITY : 0));
  const high = Math.max(low + 1, ...exponents.map(Math.ceil));
  const of = scaleLog([10 ** low, 10 ** high], [AREA.bottom, AREA.top]);
  return { of, ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)) };
}

/** A logarithmic axis has no 0. */
const isDrawn = (value: number | undefined, scale: PlotSpec["scale"]): value is number =>
  isFiniteNumber(value) && (scale === "linear" || value > 0);

/** Moves labels apart that would overlap: first downwards, then upwards from the end of the axis. */
function spreadLabels<T extends { readonly y: number }>(labels: readonly T[]): T[] {
  const sorted = labels.toSorted((a, b) => a.y - b.y);
  const ys: number[] = [];
  for (const { y } of sorted) {
    const above = ys.at(-1);
    ys.push(above === undefined ? y : Math.max(y, above + LABEL_HEIGHT));
  }
  let limit = AREA.bottom - 4;
  for (let index = ys.length - 1; index >= 0; index -= 1) {
    limit = Math.min(ys[index] ?? limit, limit);
    ys[index] = limit;
    limit -= LABEL_HEIGHT;
  }
  return sorted.map((label, index) => ({ ...label, y: round(ys[index] ?? label.y) }));
}

/** Rounds a coordinate to one decimal, so that the SVG stays small. */
export const round = (value: number): number => Math.round(value * 10) / 10;
