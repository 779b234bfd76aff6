import { dateMath, dateTime, type TimeRange } from "@grafana/data";

/** The longest time that is asked about: ten years. */
const LONGEST_MS = 10 * 365 * 86_400_000;

/**
 * The time from `from` to `to`, each as Grafana's URLs write it: `now-15m`, `now/d`, milliseconds since 1970, an ISO
 * date. Nothing when there is no such time, or when it goes backwards.
 */
export function readRange(from: string, to: string): TimeRange | undefined {
  const start = moment(from, false);
  const end = moment(to, true);
  if (!start || !end) return undefined;
  const length = end.valueOf() - start.valueOf();
  if (length <= 0 || length > LONGEST_MS) return undefined;
  return { from: start, to: end, raw: { from: raw(from, start), to: raw(to, end) } };
}

const isRelative = (text: string) => text.startsWith("now");

function moment(text: string, roundUp: boolean) {
  if (isRelative(text)) {
    const time = dateMath.toDateTime(text, { roundUp });
    return time?.isValid() ? time : undefined;
  }
  const time = /^\d{1,15}$/.test(text) ? dateTime(Number(text)) : isoDate(text);
  return time?.isValid() && Math.abs(time.valueOf()) < 8.64e15 ? time : undefined;
}

const isoDate = (text: string) => (/^\d{4}-\d\d-\d\d/.test(text) ? dateTime(text) : undefined);

const raw = (text: string, time: TimeRange["from"]) => (isRelative(text) ? text : time);

/** A range as a URL writes it. */
export const urlRange = ({ raw }: TimeRange): { readonly from: string; readonly to: string } => ({
  from: typeof raw.from === "string" ? raw.from : String(raw.from.valueOf()),
  to: typeof raw.to === "string" ? raw.to : String(raw.to.valueOf()),
});

/** The same range, moved by its own half or made twice as long, as an absolute one. */
export function moved({ from, to }: TimeRange, how: "back" | "forward" | "out") {
  const half = (to.valueOf() - from.valueOf()) / 2;
  const [start, end] = { back: [-half, -half], forward: [half, half], out: [-half, half] }[how] as [
    number,
    number,
  ];
  return { from: String(Math.round(from.valueOf() + start)), to: String(Math.round(to.valueOf() + end)) };
}
