const SECOND = 1000;

/** `0.25 s`, `3.8 s`, `42 s`, `1 min 05 s`, `2 h 10 min`, `3 d`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / SECOND;
  if (seconds < 1) return `${Math.round(seconds * 100) / 100} s`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min${whole % 60 ? ` ${String(whole % 60).padStart(2, "0")} s` : ""}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d`;
}

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
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`;
}
