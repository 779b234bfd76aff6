const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Formats a duration in milliseconds: `350 µs`, `4.23 ms`, `1.23 s`, `1 min 5 s`, `2 h 10 min`, `1 d 12 h`. Below a
 * minute it has `digits` significant digits, above it has the two largest units.
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

/** Formats an elapsed time, rounded: `0 s`, `250 ms`, `3.8 s`, `1 min 5 s`. Negative times are shown as 0. */
export const elapsed = (milliseconds: number): string =>
  milliseconds <= 0 ? "0 s" : duration(milliseconds, 2);

/** Formats the remaining time: `1:05`. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / SECOND));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

const TIME_OF_DAY = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Formats a time of day: `14:32:07`; with the date if it is not today: `28 Nov 14:32:07`. */
export function clock(at: number, now = Date.now()): string {
  const date = new Date(at);
  const time = TIME_OF_DAY.format(date);
  return date.toDateString() === new Date(now).toDateString() ? time : `${DATE.format(date)} ${time}`;
}

/** Formats a time of day with milliseconds: `14:32:07.123`. */
export const preciseClock = (at: number): string =>
  `${TIME_OF_DAY.format(new Date(at))}.${String(Math.floor(at) % 1000).padStart(3, "0")}`;

/** Formats a value of a signal: `12 ms`, `1.3 s`, `4.2 %`. */
export function amount(value: number, unit: "seconds" | "share" | "rate"): string {
  if (unit === "share") return `${(value * 100).toFixed(value < 0.1 && value > 0 ? 1 : 0)} %`;
  if (unit === "rate") return String(value < 99.5 ? Number(value.toFixed(1)) : Math.round(value));
  return duration(value * SECOND, 2);
}

/** Formats calls a second: `3.4/s`, `12/min`. */
export function callRate(perSecond: number): string {
  if (perSecond < 0.5) return `${Number((perSecond * 60).toPrecision(2))}/min`;
  return `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`;
}

/** Formats a share of failures: `0 %`, `0.4 %`, `12 %`. */
export const percent = (share: number): string =>
  `${share === 0 || share >= 0.0995 ? Math.round(share * 100) : (share * 100).toFixed(1)} %`;

/** Formats a share of failed calls: `0 % failed`, `failures unknown`. */
export const failedShare = (share: number | undefined): string =>
  share === undefined ? "failures unknown" : `${percent(share)} failed`;

/** Formats a number of bytes: `850 B`, `12.3 kB`. */
export const bytes = (count: number): string =>
  count < 10_000 ? `${count.toLocaleString("en")} B` : `${(count / 1000).toFixed(1)} kB`;

/** Formats a list: `a, b, and c`. */
export const listOf = (items: readonly string[]): string => new Intl.ListFormat("en").format(items);
