const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** `14:32:07`; the day before it, when it is not today. */
export function day(at: number): string {
  const date = new Date(at);
  const time = TIME.format(date);
  return date.toDateString() === new Date().toDateString() ? time : `${DAY.format(date)} ${time}`;
}

/** `14:32:07.123`. */
export const exact = (at: number): string =>
  `${TIME.format(new Date(at))}.${String(Math.floor(at) % 1000).padStart(3, "0")}`;
