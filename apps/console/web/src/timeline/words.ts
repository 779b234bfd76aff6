import { duration } from "../app/duration.ts";

const SECOND = 1000;

/** Formats an elapsed time, rounded: `0 s`, `250 ms`, `3.8 s`, `1 min 5 s`. Negative times are shown as 0. */
export const elapsed = (milliseconds: number): string =>
  milliseconds <= 0 ? "0 s" : duration(milliseconds, 2);

/** `1:05`: what is left of a time. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / SECOND));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** `14:32:07`, with the day if it was not today. */
export function clock(at: number, now = Date.now()): string {
  const [time, today] = [new Date(at), new Date(now)];
  const text = CLOCK.format(time);
  return time.toDateString() === today.toDateString() ? text : `${DAY.format(time)}, ${text}`;
}

/** `12 ms`, `1.3 s`, `4.2 %`. */
export function amount(value: number, unit: "seconds" | "share" | "rate"): string {
  if (unit === "share") return `${(value * 100).toFixed(value < 0.1 && value > 0 ? 1 : 0)} %`;
  if (unit === "rate") return String(value < 99.5 ? Number(value.toFixed(1)) : Math.round(value));
  return duration(value * SECOND, 2);
}
