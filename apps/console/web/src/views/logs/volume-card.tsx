import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { readVolume } from "../../api/loki.ts";
import { type Bar, barsOf } from "../../lines/volume.ts";
import { isLive, type Range, stepOf, type UrlRange } from "../../range/range.ts";
import { day } from "../../range/time.ts";

interface Props {
  readonly query: string;
  readonly range: UrlRange;
  readonly now: () => Range;
  readonly live: boolean;
  readonly onChoose: (range: UrlRange) => void;
}

const BARS = 60;

/** How many lines there were when, by level. A click on a bar looks closer. */
export function VolumeCard({ query, range, now, live, onChoose }: Props) {
  const { data, isError } = useQuery({
    queryKey: ["volume", query, range],
    queryFn: async ({ signal }) => {
      const { from, to } = now();
      const asked = { from, to, step: stepOf({ from, to }, BARS) };
      return barsOf(await readVolume(query, asked, signal), asked);
    },
    refetchInterval: live && isLive(range) ? 5000 : false,
  });
  const list = useRef<HTMLOListElement>(null);
  // What is wrong with the query stands above the lines; here there is only nothing to draw.
  if (isError || !data) return null;
  const most = Math.max(1, ...data.map(({ total }) => total));
  const total = data.reduce((sum, bar) => sum + bar.total, 0);
  const walk = (index: number, key: string) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) list.current?.querySelectorAll("button")[index + step]?.focus();
  };
  return (
    <section className="card volume" aria-label="Lines over time" data-testid="volume" data-total={total}>
      <p className="muted volume-head">
        <span>{total.toLocaleString("en")} lines in this time. A click on a bar looks closer.</span>
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
              onKeyDown={({ key }) => walk(index, key)}
              onClick={() => onChoose({ from: String(bar.from * 1000), to: String(bar.to * 1000) })}
            >
              {bar.parts.toReversed().map(({ level, count }) => (
                <span
                  key={level}
                  className="bar-part"
                  data-level={level}
                  style={{ height: `${(count / most) * 100}%` }}
                />
              ))}
            </button>
          </li>
        ))}
      </ol>
      <p className="bars-axis muted number" aria-hidden="true">
        <span>{day((data[0]?.from ?? 0) * 1000)}</span>
        <span>{day((data.at(-1)?.to ?? 0) * 1000)}</span>
      </p>
    </section>
  );
}

const titleOf = ({ from, to, total, parts }: Bar): string =>
  `${day(from * 1000)} to ${day(to * 1000)}: ${total} ${total === 1 ? "line" : "lines"}${parts.length > 0 ? ` (${parts.map(({ level, count }) => `${count} ${level}`).join(", ")})` : ""}`;
