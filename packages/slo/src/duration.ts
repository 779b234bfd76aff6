const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** A whole number of seconds as Prometheus writes it: 8640 → `2h24m`. */
export function duration(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds <= 0)
    throw new RangeError(`${seconds} s is not a positive whole number`);
  let rest = seconds;
  return UNITS.reduce((text, [unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount > 0 ? `${text}${amount}${unit}` : text;
  }, "");
}
