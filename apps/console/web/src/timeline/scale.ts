import type { FaultTimeline } from "./milestones.ts";

/** From and to, milliseconds since the epoch. */
export type Range = readonly [from: number, to: number];

const BEFORE_MS = 15_000;
const AFTER_MS = 8000;
const LEAST_MS = 45_000;

/** The time that a timeline shows: a little before the fault, until now or a little after the end of it all. */
export function rangeOf(
  { milestones, complete }: Pick<FaultTimeline, "milestones" | "complete">,
  now: number,
): Range {
  const times = milestones.flatMap(({ at }) => at ?? []);
  const start = times[0] ?? now;
  const last = complete ? Math.max(...times) + AFTER_MS : now + 2000;
  return [start - BEFORE_MS, Math.max(last, start + LEAST_MS)];
}

const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].map((seconds) => seconds * 1000);

/** Whole seconds from `origin`, as many as there is room for. */
export function ticks([from, to]: Range, origin: number, most: number): number[] {
  const step = STEPS.find((each) => (to - from) / each <= most) ?? 3_600_000;
  const first = Math.ceil((from - origin) / step);
  const last = Math.floor((to - origin) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => origin + (first + index) * step);
}

/** Moves places apart until each is `gap` from the next, within bounds, and each as near to its own as can be. In order. */
export function spread(
  places: readonly number[],
  gap: number,
  [least, most]: readonly [number, number],
): number[] {
  const moved: number[] = [];
  for (const place of places) moved.push(Math.max(place, (moved.at(-1) ?? least - gap) + gap));
  let limit = most;
  for (let index = moved.length - 1; index >= 0; index -= 1) {
    moved[index] = Math.min(moved[index] ?? 0, limit);
    limit = (moved[index] ?? 0) - gap;
  }
  return moved;
}

/** A round number at or above a value: the top of an axis. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 8, 10].find((each) => each * power >= value * 0.9999) ?? 10) * power;
}

/** A point of a signal: when (milliseconds), and what; NaN where there is nothing. */
export type Point = readonly [at: number, value: number];

/** An SVG path through points, with gaps where there is nothing. */
export function path(
  points: readonly Point[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let pen = "M";
  let text = "";
  for (const [at, value] of points) {
    if (!Number.isFinite(value)) pen = "M";
    else {
      text += `${pen}${x(at).toFixed(1)},${y(value).toFixed(1)}`;
      pen = "L";
    }
  }
  return text;
}

/** How a text at a place has to be anchored so that it is not cut off at the edges. */
export const anchorOf = (place: number, width: number): "start" | "middle" | "end" =>
  place < 24 ? "start" : place > width - 24 ? "end" : "middle";
