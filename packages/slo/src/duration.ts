const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** Formats a whole number of seconds as Prometheus does: 8640 → `2h24m`. */
export function duration(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds <= 0)
    throw new RangeError(`The duration must be a positive whole number of seconds (got ${seconds}).`);
  let remaining = seconds;
  return UNITS.reduce((text, [unit, size]) => {
    const amount = Math.floor(remaining / size);
    remaining -= amount * size;
    return amount > 0 ? `${text}${amount}${unit}` : text;
  }, "");
}
