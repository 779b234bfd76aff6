/** Round times from 0 to `whole` ms, at most `most` steps. */
export function ticksOf(whole: number, most: number): readonly number[] {
  if (!(whole > 0)) return [0];
  const rough = whole / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  return Array.from({ length: Math.floor(whole / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** `0`, `350 µs`, `4.2 ms`, `1.25 s`, `2 min 5 s`. */
export function ms(value: number): string {
  if (value === 0) return "0 ms";
  if (value < 0) return `−${ms(-value)}`;
  if (value < 1) return `${Number((value * 1000).toPrecision(3))} µs`;
  if (value < 1000) return `${Number(value.toPrecision(3))} ms`;
  if (value < 60_000) return `${Number((value / 1000).toPrecision(3))} s`;
  const seconds = Math.round(value / 1000);
  return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
}
