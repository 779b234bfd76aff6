import "./waterfall.css";
import { type CSSProperties, type KeyboardEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import { duration } from "../app/format.ts";
import { useWidth } from "../app/hooks.ts";
import { SpanRow } from "./span-row.tsx";
import { ticksOf } from "./ticks.ts";
import { rowOf, visibleNodes } from "./times.ts";
import type { Node, Trace } from "./tree.ts";

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

interface Options {
  readonly nodes: readonly Node[];
  readonly closed: ReadonlySet<string>;
  readonly onOpen: (key: string, open: boolean) => void;
  readonly onChoose: (key: string) => void;
  readonly rowHeight: number;
}

/** Beyond so many spans only the rows that can be seen are in the document. */
const MOST_ROWS = 150;
const SPARE_ROWS = 12;

/** Which rows of a waterfall are drawn, and how one walks through them by keyboard. */
export function useWaterfall({ nodes, closed, onOpen, onChoose, rowHeight }: Options) {
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [active, setActive] = useState<string>();
  const focusSoon = useRef(false);
  const found = nodes.findIndex(({ span }) => span.key === active);
  const at = Math.max(0, found);

  const windowed = nodes.length > MOST_ROWS;
  // The list is never higher than the window; while everything is folded it would measure one row.
  const height = window.innerHeight;
  const first = windowed ? Math.max(0, Math.floor(top / rowHeight) - SPARE_ROWS) : 0;
  const last = windowed
    ? Math.min(nodes.length, Math.ceil((top + height) / rowHeight) + SPARE_ROWS)
    : nodes.length;

  useLayoutEffect(() => {
    if (!focusSoon.current) return;
    const row = scroller.current?.querySelector<HTMLElement>('tr[tabindex="0"]');
    if (!row) return;
    focusSoon.current = false;
    row.focus({ preventScroll: windowed });
  });

  function go(to: number) {
    const node = nodes[Math.max(0, Math.min(nodes.length - 1, to))];
    if (!node) return;
    setActive(node.span.key);
    focusSoon.current = true;
    const box = scroller.current;
    if (!windowed || !box) return;
    const y = nodes.indexOf(node) * rowHeight;
    // The row that has the focus may go, and the one that shall have it is not there yet: in between it is the table's.
    if (nodes.indexOf(node) < first || nodes.indexOf(node) >= last)
      box.querySelector("table")?.focus({ preventScroll: true });
    if (y < box.scrollTop) box.scrollTop = y;
    else if (y + rowHeight * 2 > box.scrollTop + box.clientHeight)
      box.scrollTop = y + rowHeight * 2 - box.clientHeight;
  }

  function onKeyDown(event: KeyboardEvent) {
    const node = nodes[at];
    if (!node || event.altKey || event.ctrlKey || event.metaKey) return;
    const { key } = node.span;
    const open = node.children.length > 0 && !closed.has(key);
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      Home: () => go(0),
      End: () => go(nodes.length - 1),
      PageDown: () => go(at + 10),
      PageUp: () => go(at - 10),
      ArrowRight: () => (node.children.length > 0 && !open ? onOpen(key, true) : go(at + 1)),
      ArrowLeft: () => (open ? onOpen(key, false) : node.parent && go(nodes.indexOf(node.parent))),
      Enter: () => onChoose(key),
      " ": () => onChoose(key),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  return {
    scroller,
    windowed,
    rows: nodes.slice(first, last),
    first,
    before: first * rowHeight,
    height: nodes.length * rowHeight,
    active: nodes[at]?.span.key,
    setActive,
    onKeyDown,
    onScroll: () => windowed && setTop(scroller.current?.scrollTop ?? 0),
  };
}
