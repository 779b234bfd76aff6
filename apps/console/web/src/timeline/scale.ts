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
