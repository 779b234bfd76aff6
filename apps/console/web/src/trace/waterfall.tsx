import "./waterfall.css";
import { type CSSProperties, useMemo, useState } from "react";
import { duration } from "../app/duration.ts";
import { useWidth } from "../timeline/use-width.ts";
import { rowOf, visibleNodes } from "./rows.ts";
import { SpanRow } from "./span-row.tsx";
import { ticksOf } from "./ticks.ts";
import type { Trace } from "./tree.ts";
import { useWaterfall } from "./use-waterfall.ts";

interface Props {
  readonly trace: Trace;
  readonly label: string;
  readonly chosen: string | undefined;
  readonly onChoose: (key: string | undefined) => void;
}

/** As the style sheet has them: a row on a wide screen, and one on a narrow screen, where the bar is below the name. */
const ROW = 30;
const NARROW_ROW = 50;
const NARROW = 620;

// A table that one walks through by arrow keys, row by row.
const TREEGRID = { role: "treegrid", tabIndex: -1 } as const;

/** A trace as bars: arrow keys walk, left and right fold, Enter shows a span's attributes. */
export function Waterfall({ trace, label, chosen, onChoose }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set<string>());
  const nodes = useMemo(() => visibleNodes(trace, closed), [trace, closed]);
  const narrow = width > 0 && width < NARROW;
  const open = (key: string, isOpen: boolean) => {
    const next = new Set(closed);
    if (isOpen) next.delete(key);
    else next.add(key);
    setClosed(next);
  };
  const choose = (key: string) => onChoose(key === chosen ? undefined : key);
  const list = useWaterfall({
    nodes,
    closed,
    onOpen: open,
    onChoose: choose,
    rowHeight: narrow ? NARROW_ROW : ROW,
  });
  const whole = trace.to - trace.from;
  const ticks = ticksOf(whole, narrow ? 3 : width > 900 ? 6 : 4);
  const percent = (at: number) => (whole > 0 ? (at / whole) * 100 : 0);
  return (
    <div ref={box} className="waterfall" data-narrow={narrow} data-windowed={list.windowed}>
      <div ref={list.scroller} className="waterfall-scroll" onScroll={list.onScroll}>
        <table
          {...TREEGRID}
          aria-label={label}
          aria-rowcount={nodes.length + 1}
          style={{ "--step": `${percent(ticks[1] ?? whole)}%` } as CSSProperties}
          data-testid="waterfall"
          onKeyDown={list.onKeyDown}
        >
          <thead>
            <tr className="span-row waterfall-head">
              <th scope="col">Span</th>
              <th scope="col" className="span-time">
                <span className="visually-hidden">When it ran</span>
                {ticks
                  .filter((tick) => percent(tick) < 92)
                  .map((tick) => (
                    <span
                      key={tick}
                      className="tick number"
                      aria-hidden="true"
                      style={{ left: `${percent(tick)}%` }}
                    >
                      {duration(tick)}
                    </span>
                  ))}
              </th>
              <th scope="col" className="span-duration">
                Took
              </th>
            </tr>
          </thead>
          <tbody style={{ paddingTop: list.before, height: list.height }}>
            {list.rows.map((node, index) => (
              <SpanRow
                key={node.span.key}
                row={rowOf(node, trace, closed)}
                trace={trace}
                index={list.first + index}
                active={node.span.key === list.active}
                chosen={node.span.key === chosen}
                onActive={() => list.setActive(node.span.key)}
                onChoose={() => choose(node.span.key)}
                onOpen={(isOpen) => open(node.span.key, isOpen)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
