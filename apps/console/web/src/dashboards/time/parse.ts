/** The longest allowed time range: ten years. */
const LONGEST_MS = 10 * 365 * 86_400_000;

/**
 * Parses the time range from `from` to `to` to milliseconds. Both have the format of Grafana's URLs: `now-15m`, `now/d`,
 * milliseconds since 1970, or an ISO date. Returns undefined if one is invalid, or if `to` is not after `from`.
 */
export function readTimes(from: string, to: string, now = Date.now()) {
  const start = timeOf(from, now, false);
  const end = timeOf(to, now, true);
  if (start === undefined || end === undefined || end <= start || end - start > LONGEST_MS) return undefined;
  return { from: start, to: end };
}

/** Returns whether a time is relative to now, such as `now-15m`. */
export const isRelative = (text: string) => text.startsWith("now");

const RELATIVE = /^now((?:[+-]\d{1,6}[smhdwMy])*)(?:\/([smhdwMy]))?$/;

function timeOf(text: string, now: number, roundUp: boolean): number | undefined {
  if (!isRelative(text)) return absolute(text);
  const [matched, steps = "", unit] = RELATIVE.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const date = new Date(now);
  for (const [, sign, amount, of = ""] of steps.matchAll(/([+-])(\d+)([smhdwMy])/g))
    add(date, (sign === "-" ? -1 : 1) * Number(amount), of);
  if (unit) round(date, unit, roundUp);
  return valid(date.getTime());
}

function absolute(text: string): number | undefined {
  if (/^\d{1,15}$/.test(text)) return valid(Number(text));
  return /^\d{4}-\d\d-\d\d/.test(text) ? valid(new Date(text).getTime()) : undefined;
}

const valid = (ms: number) => (Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? ms : undefined);

const FIXED: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

function add(date: Date, amount: number, unit: string) {
  const fixed = FIXED[unit];
  if (fixed !== undefined) date.setTime(date.getTime() + amount * fixed);
  else if (unit === "d") date.setDate(date.getDate() + amount);
  else if (unit === "w") date.setDate(date.getDate() + 7 * amount);
  else if (unit === "M") date.setMonth(date.getMonth() + amount);
  else date.setFullYear(date.getFullYear() + amount);
}

/** Rounds a date to the start of its second, minute, …, or to the end if `up` is true. */
function round(date: Date, unit: string, up: boolean) {
  const fixed = FIXED[unit];
  if (fixed !== undefined && unit !== "h") date.setTime(Math.floor(date.getTime() / fixed) * fixed);
  else if (unit === "h") date.setMinutes(0, 0, 0);
  else {
    date.setHours(0, 0, 0, 0);
    if (unit === "w") date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
    if (unit === "M" || unit === "y") date.setDate(1);
    if (unit === "y") date.setMonth(0);
  }
  if (!up) return;
  add(date, 1, unit);
  date.setTime(date.getTime() - 1);
}
