import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import type { Node } from "./tree.ts";

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
