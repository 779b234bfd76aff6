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

/** Round times from 0 to `whole` ms, at most `most` steps. */
export function ticksOf(whole: number, most: number): readonly number[] {
  if (!(whole > 0)) return [0];
  const rough = whole / Math.max(1, most);
  const unit = rough > 12 * HOUR ? DAY : 1;
  const power = unit * 10 ** Math.floor(Math.log10(rough / unit));
  const step =
    (rough > 5 * SECOND ? STEPS.find((one) => one >= rough) : undefined) ??
    [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough && one >= unit) ??
    rough;
  return Array.from({ length: Math.floor(whole / step + 1e-9) + 1 }, (_, index) => index * step);
}
