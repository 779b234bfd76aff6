import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { fetchVolume, type Volume } from "../../api/loki.ts";
import { clock } from "../../app/format.ts";
import { knownLevel, LEVELS, type Level } from "../../lines/levels.ts";
import { barSeconds, isLive, type Range, type UrlRange } from "../../range/range.ts";

interface Props {
  readonly query: string;
  readonly range: UrlRange;
  readonly now: () => Range;
  readonly live: boolean;
  readonly onChoose: (range: UrlRange) => void;
}

const BARS = 60;

/** Shows the number of lines over time, by level. A click on a bar selects its time range. */
export function VolumeCard({ query, range, now, live, onChoose }: Props) {
  const { data, isError } = useQuery({
    queryKey: ["volume", query, range],
    queryFn: async ({ signal }) => {
      const { from, to } = now();
      const steps = { from, to, step: barSeconds({ from, to }, BARS) };
      return barsOf(await fetchVolume(query, steps, signal), steps);
    },
    refetchInterval: live && isLive(range) ? 5000 : false,
  });
  const list = useRef<HTMLOListElement>(null);
  // The view already shows the error.
  if (isError || !data) return null;
  const maxTotal = Math.max(1, ...data.map(({ total }) => total));
  const total = data.reduce((sum, bar) => sum + bar.total, 0);
  const moveFocus = (index: number, key: string) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) list.current?.querySelectorAll("button")[index + step]?.focus();
  };
  return (
    <section className="card volume" aria-label="Lines over time" data-testid="volume" data-total={total}>
      <p className="muted volume-head">
        <span>{total.toLocaleString("en")} lines in this time range. Click a bar to select its range.</span>
        <span className="volume-keys">
          {[...new Set(data.flatMap(({ parts }) => parts.map(({ level }) => level)))].map((level) => (
            <span key={level} className="volume-key" data-level={level}>
              {level}
            </span>
          ))}
        </span>
      </p>
      <ol ref={list} className="bars" aria-label="Bars of lines over time">
        {data.map((bar, index) => (
          <li key={bar.to}>
            <button
              type="button"
              title={titleOf(bar)}
              aria-label={titleOf(bar)}
              tabIndex={index === data.length - 1 ? 0 : -1}
              onKeyDown={({ key }) => moveFocus(index, key)}
              onClick={() => onChoose({ from: String(bar.from * 1000), to: String(bar.to * 1000) })}
            >
              {bar.parts.toReversed().map(({ level, count }) => (
                <span
                  key={level}
                  className="bar-part"
                  data-level={level}
                  style={{ height: `${(count / maxTotal) * 100}%` }}
                />
              ))}
            </button>
          </li>
        ))}
      </ol>
      <p className="bars-axis muted number" aria-hidden="true">
        <span>{clock((data[0]?.from ?? 0) * 1000)}</span>
        <span>{clock((data.at(-1)?.to ?? 0) * 1000)}</span>
      </p>
    </section>
  );
}

const titleOf = ({ from, to, total, parts }: Bar): string =>
  `${clock(from * 1000)} to ${clock(to * 1000)}: ${total} ${total === 1 ? "line" : "lines"}${parts.length > 0 ? ` (${parts.map(({ level, count }) => `${count} ${level}`).join(", ")})` : ""}`;

/** The number of lines in one step. */
export interface Bar {
  /** Unix time in seconds. `from` is exclusive. */
  readonly from: number;
  readonly to: number;
  readonly total: number;
  /** The counts by level, most severe first, without levels that have no lines. */
  readonly parts: readonly { readonly level: Level | "other"; readonly count: number }[];
}

/** Returns one bar for each step of the range, including steps without lines. */
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
