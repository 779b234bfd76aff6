const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Formats a duration in milliseconds: `350 µs`, `4.23 ms`, `1.23 s`, `1 min 5 s`, `2 h 10 min`, `1 d 12 h`. Below a minute
 * it has `digits` significant digits, above it has the two largest units.
 */
export function duration(milliseconds: number, digits = 3): string {
  if (!Number.isFinite(milliseconds)) return "–";
  if (milliseconds < 0) return `−${duration(-milliseconds, digits)}`;
  if (milliseconds === 0) return "0 ms";
  const rounded = Number(milliseconds.toPrecision(digits));
  if (rounded < 1) return `${Number((milliseconds * 1000).toPrecision(digits))} µs`;
  if (rounded < SECOND) return `${rounded} ms`;
  if (rounded < MINUTE) return `${rounded / SECOND} s`;
  if (nearest(milliseconds, SECOND) < HOUR) return inUnits(milliseconds, [MINUTE, "min"], [SECOND, "s"]);
  if (nearest(milliseconds, MINUTE) < DAY) return inUnits(milliseconds, [HOUR, "h"], [MINUTE, "min"]);
  return inUnits(milliseconds, [DAY, "d"], [HOUR, "h"]);
}

const nearest = (value: number, unit: number): number => Math.round(value / unit) * unit;

type Unit = readonly [milliseconds: number, name: string];

function inUnits(value: number, [large, largeName]: Unit, [small, smallName]: Unit): string {
  const rounded = nearest(value, small);
  const rest = (rounded % large) / small;
  return `${Math.floor(rounded / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ""}`;
}
