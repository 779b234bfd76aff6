import { dateTime, type TimeRange } from "@grafana/data";
import { isRelative, readTimes } from "./parse.ts";

/** Parses a time range to the type of Grafana's components. `readTimes` describes the formats. */
export function readRange(from: string, to: string): TimeRange | undefined {
  const times = readTimes(from, to);
  if (!times) return undefined;
  const [start, end] = [dateTime(times.from), dateTime(times.to)];
  return {
    from: start,
    to: end,
    raw: { from: isRelative(from) ? from : start, to: isRelative(to) ? to : end },
  };
}

interface Times {
  readonly from: { valueOf(): number };
  readonly to: { valueOf(): number };
}

/** Returns the URL parameters of a range. */
export const urlRange = ({ raw }: TimeRange): { readonly from: string; readonly to: string } => ({
  from: typeof raw.from === "string" ? raw.from : String(raw.from.valueOf()),
  to: typeof raw.to === "string" ? raw.to : String(raw.to.valueOf()),
});

/** Moves a range by half of its length, or doubles it. Returns an absolute range. */
export function moved({ from, to }: Times, how: "back" | "forward" | "out") {
  const half = (to.valueOf() - from.valueOf()) / 2;
  const [start, end] = ({ back: [-half, -half], forward: [half, half], out: [-half, half] } as const)[how];
  return { from: String(Math.round(from.valueOf() + start)), to: String(Math.round(to.valueOf() + end)) };
}
