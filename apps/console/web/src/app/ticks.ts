import { scaleLinear } from "d3-scale";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Steps from 10 seconds to 12 hours that are round in these units, unlike powers of ten. */
const STEPS = [
  ...[10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
];

/**
 * Returns round times between two times in milliseconds, relative to `origin`, with at most `maxSteps` steps between
 * them. d3-scale's time ticks are not used, because they have coarser steps (5, then 15 minutes) and can exceed
 * `maxSteps`.
 */
export function timeTicks([from, to]: readonly [number, number], maxSteps: number, origin = 0): number[] {
  if (!(to > from)) return [from];
  const rough = (to - from) / Math.max(1, maxSteps);
  const unit = rough > 12 * HOUR ? DAY : 1;
  const power = unit * 10 ** Math.floor(Math.log10(rough / unit));
  const step =
    (rough > 5 * SECOND ? STEPS.find((one) => one >= rough) : undefined) ??
    [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough && one >= unit) ??
    rough;
  const first = Math.ceil((from - origin) / step - 1e-9);
  const last = Math.floor((to - origin) / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => origin + (first + index) * step);
}

/** Rounds a value up to a round number for the end of an axis. */
export const roundUp = (value: number): number =>
  value > 0 ? (scaleLinear().domain([0, value]).nice(5).domain()[1] ?? value) : 1;
