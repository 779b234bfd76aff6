import type { Volume } from "../api/loki.ts";
import { knownLevel, LEVELS, type Level } from "./levels.ts";

/** The lines of one step of time. */
export interface Bar {
  /** Unix seconds: from (not included) and to. */
  readonly from: number;
  readonly to: number;
  readonly total: number;
  /** By level, the worst first; those without lines are left out. */
  readonly parts: readonly { readonly level: Level | "other"; readonly count: number }[];
}

/** One bar for each step of the range, also where there was nothing. */
export function barsOf(
  volumes: readonly Volume[],
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
): readonly Bar[] {
  const first = Math.floor(from / 1000 / step) * step + step;
  const last = Math.ceil(to / 1000 / step) * step;
  const bars: Bar[] = [];
  for (let at = first; at <= last; at += step) {
    const counts = new Map<Level | "other", number>();
    for (const { level, counts: found } of volumes) {
      const name = knownLevel(level) ?? "other";
      counts.set(name, (counts.get(name) ?? 0) + (found.get(at) ?? 0));
    }
    const parts = [...LEVELS, "other" as const]
      .map((level) => ({ level, count: counts.get(level) ?? 0 }))
      .filter(({ count }) => count > 0);
    bars.push({ from: at - step, to: at, total: parts.reduce((sum, { count }) => sum + count, 0), parts });
  }
  return bars;
}
