import { scaleLinear } from "d3-scale";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Round steps between 5 seconds and a day; powers of ten are not round in these units. */
const STEPS = [
  ...[10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
];

/**
 * Round times between two times in milliseconds, counted from `origin`, with at most `most` steps between them. The ticks
 * of d3-scale are not used: for times they have fewer steps (5 minutes, then 15), and they may be more than `most`.
 */
export function timeTicks([from, to]: readonly [number, number], most: number, origin = 0): number[] {
  if (!(to > from)) return [from];
  const rough = (to - from) / Math.max(1, most);
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

/** A round number at or above a value, for the end of an axis. */
export const roundUp = (value: number): number =>
  value > 0 ? (scaleLinear().domain([0, value]).nice(5).domain()[1] ?? value) : 1;
