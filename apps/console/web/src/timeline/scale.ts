import type { FaultTimeline } from "./milestones.ts";

/** A time range as Unix times in milliseconds, as the domain of a scale. */
export type TimeDomain = readonly [from: number, to: number];

const BEFORE_MS = 15_000;
const AFTER_MS = 8000;
const MIN_RANGE_MS = 45_000;

/** Returns the range of a timeline: from shortly before the fault to now or shortly after the last milestone. */
export function rangeOf(
  { milestones, complete }: Pick<FaultTimeline, "milestones" | "complete">,
  now: number,
): TimeDomain {
  const times = milestones.flatMap(({ at }) => at ?? []);
  const start = times[0] ?? now;
  const last = complete ? Math.max(...times) + AFTER_MS : now + 2000;
  return [start - BEFORE_MS, Math.max(last, start + MIN_RANGE_MS)];
}

/** Moves sorted positions apart to a distance of at least `gap`, within bounds and as little as possible. */
export function spread(
  places: readonly number[],
  gap: number,
  [minimum, maximum]: readonly [number, number],
): number[] {
  const moved: number[] = [];
  for (const place of places) moved.push(Math.max(place, (moved.at(-1) ?? minimum - gap) + gap));
  let limit = maximum;
  for (let index = moved.length - 1; index >= 0; index -= 1) {
    moved[index] = Math.min(moved[index] ?? 0, limit);
    limit = (moved[index] ?? 0) - gap;
  }
  return moved;
}

/** A point of a signal. NaN is a gap. */
export type Point = readonly [at: number, value: number];

/** Returns an SVG path through points. NaN is a gap. */
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

/** Returns the anchor of a label, so that it is not cut off at the edges. */
export const anchorOf = (place: number, width: number): "start" | "middle" | "end" =>
  place < 24 ? "start" : place > width - 24 ? "end" : "middle";
