import "./waterfall.css";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type KeyboardEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import { duration } from "../app/format.ts";
import { useWidth } from "../app/hooks.ts";
import { timeTicks } from "../app/ticks.ts";
import { SpanRow } from "./span-row.tsx";
import { rowOf, visibleNodes } from "./times.ts";
import type { Node, Trace } from "./tree.ts";

interface Props {
  readonly trace: Trace;
  readonly label: string;
  readonly chosen: string | undefined;
  readonly onChoose: (key: string | undefined) => void;
}

/** The heights of a row in the style sheet. On a narrow screen the bar is below the name. */
const ROW = 30;
const NARROW_ROW = 50;
const NARROW = 620;

// A table with keyboard navigation from row to row.
const TREEGRID = { role: "treegrid", tabIndex: -1 } as const;

/** Draws a trace as bars. Up and down move, left and right close and open, Enter selects a span. */
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
  const rowHeight = narrow ? NARROW_ROW : ROW;
  const choose = (key: string) => onChoose(key === chosen ? undefined : key);
  const list = useRows({
    nodes,
    closed,
    onOpen: open,
    onChoose: choose,
    rowHeight,
  });
  const traceDuration = trace.to - trace.from;
  const ticks = timeTicks([0, traceDuration], narrow ? 3 : width > 900 ? 6 : 4);
  const percent = (at: number) => (traceDuration > 0 ? (at / traceDuration) * 100 : 0);
  return (
    <div ref={box} className="waterfall" data-narrow={narrow} data-windowed={list.windowed}>
      <div ref={list.scroller} className="waterfall-scroll">
        <table
          {...TREEGRID}
          aria-label={label}
          aria-rowcount={nodes.length + 1}
          style={{ "--step": `${percent(ticks[1] ?? traceDuration)}%` } as CSSProperties}
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
                Duration
              </th>
            </tr>
          </thead>
          <tbody style={{ paddingTop: list.first * rowHeight, height: nodes.length * rowHeight }}>
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

interface RowsOptions {
  readonly nodes: readonly Node[];
  readonly closed: ReadonlySet<string>;
  readonly onOpen: (key: string, open: boolean) => void;
  readonly onChoose: (key: string) => void;
  readonly rowHeight: number;
}

/** If a trace has more spans, only the visible rows are in the document. */
const MAX_ROWS = 150;

/** Manages the rendered rows, the focused row and the keyboard. */
function useRows({ nodes, closed, onOpen, onChoose, rowHeight }: RowsOptions) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string>();
  const focusSoon = useRef(false);
  const at = Math.max(
    0,
    nodes.findIndex(({ span }) => span.key === active),
  );
  const windowed = nodes.length > MAX_ROWS;
  const virtual = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    // The sticky header of the table has the height of a row.
    scrollPaddingEnd: rowHeight,
    initialRect: { width: 0, height: window.innerHeight },
    enabled: windowed,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measure again when the row height changes
  useLayoutEffect(() => virtual.measure(), [rowHeight]);
  const items = virtual.getVirtualItems();
  const first = windowed ? (items[0]?.index ?? 0) : 0;
  const last = windowed ? (items.at(-1)?.index ?? -1) : nodes.length - 1;

  useLayoutEffect(() => {
    if (!focusSoon.current) return;
    const row = scroller.current?.querySelector<HTMLElement>('tr[tabindex="0"]');
    if (!row) return;
    focusSoon.current = false;
    row.focus({ preventScroll: windowed });
  });

  function go(to: number) {
    const index = Math.max(0, Math.min(nodes.length - 1, to));
    const node = nodes[index];
    if (!node) return;
    setActive(node.span.key);
    focusSoon.current = true;
    if (!windowed) return;
    // The focused row may be removed before the next one is rendered. Until then, focus the table.
    if (index < first || index > last)
      scroller.current?.querySelector("table")?.focus({ preventScroll: true });
    virtual.scrollToIndex(index);
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
    rows: nodes.slice(first, last + 1),
    first,
    active: nodes[at]?.span.key,
    setActive,
    onKeyDown,
  };
}
