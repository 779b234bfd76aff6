import {
  defaultRangeExtractor,
  useVirtualizer,
  useWindowVirtualizer,
  type VirtualItem,
} from "@tanstack/react-virtual";
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import type { Line } from "./read.ts";

/**
 * A longer list has only the visible rows in the document, which keeps scrolling smooth. In a shorter one the browser's
 * search also finds the lines that are not visible.
 */
export const MAX_ROWS = 200;

/** The usual height of a row in lines.css. Rows are measured when they become visible. */
const ROW = 29;
const DENSE_ROW = 24;
/** The header of the page covers the top of the window. */
const HEADER = 60;

interface RowsOptions {
  readonly lines: readonly Line[];
  readonly dense: boolean;
}

/** A row in the document. */
export interface Row {
  readonly index: number;
  /** The distance from the top of the list. Missing if all rows are in the document. */
  readonly top: number | undefined;
}

/** The rows of a list, and the properties of its elements. */
export interface Rows {
  readonly rows: readonly Row[];
  readonly list: RefObject<HTMLOListElement | null>;
  /** The height of all rows. Missing if all rows are in the document. */
  readonly height: number | undefined;
  readonly measure: (row: HTMLLIElement | null) => void;
  /** Moves the focus to a row, which need not be in the document. */
  readonly focus: (index: number) => void;
  /** Must be called when a row gets the focus, because that row stays in the document. */
  readonly onFocus: (index: number | undefined) => void;
}

/** Manages the rows of a list that scrolls with the page. */
export function useRowsInPage(options: RowsOptions): Rows {
  const list = useRef<HTMLOListElement>(null);
  const scrollMargin = useDistanceFromTop(list);
  const focused = useFocusedKey(options.lines);
  const virtual = useWindowVirtualizer<HTMLLIElement>({
    ...useOptions(options, focused.index),
    ...stayInPlace(window.scrollY > scrollMargin),
    scrollMargin,
    scrollPaddingStart: HEADER,
  });
  return useRows(options, list, virtual, focused.set, scrollMargin);
}

/** Manages the rows of a list that scrolls in an element. */
export function useRowsInElement(scroller: RefObject<HTMLElement | null>, options: RowsOptions): Rows {
  const list = useRef<HTMLOListElement>(null);
  const focused = useFocusedKey(options.lines);
  const virtual = useVirtualizer<HTMLElement, HTMLLIElement>({
    ...useOptions(options, focused.index),
    ...stayInPlace((scroller.current?.scrollTop ?? 0) > 0),
    getScrollElement: () => scroller.current,
  });
  return useRows(options, list, virtual, focused.set, 0);
}

/** Whether new lines at the top of the list move the visible lines. They do while the top is visible. */
const stayInPlace = (isTopHidden: boolean) => ({ anchorTo: isTopHidden ? "end" : "start" }) as const;

/** The line with the focus, which keeps it when its index changes. */
function useFocusedKey(lines: readonly Line[]) {
  const [key, setKey] = useState<string>();
  const index = key === undefined ? -1 : lines.findIndex((line) => line.key === key);
  return { index, set: (at: number | undefined) => setKey(at === undefined ? undefined : lines[at]?.key) };
}

function useOptions({ lines, dense }: RowsOptions, focused: number) {
  return {
    count: lines.length,
    enabled: lines.length > MAX_ROWS,
    overscan: 12,
    estimateSize: () => (dense ? DENSE_ROW : ROW),
    getItemKey: useCallback((index: number) => lines[index]?.key ?? index, [lines]),
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) => {
        const visible = defaultRangeExtractor(range);
        if (focused < 0 || visible.includes(focused)) return visible;
        return [...visible, focused].sort((a, b) => a - b);
      },
      [focused],
    ),
  };
}

interface Virtual {
  readonly getVirtualItems: () => VirtualItem[];
  readonly getTotalSize: () => number;
  readonly measureElement: (row: HTMLLIElement | null) => void;
  readonly scrollToIndex: (index: number) => void;
}

function useRows(
  { lines }: RowsOptions,
  list: RefObject<HTMLOListElement | null>,
  virtual: Virtual,
  onFocus: Rows["onFocus"],
  margin: number,
): Rows {
  const focusSoon = useRef<number>(undefined);
  const focusRow = (index: number) => {
    const row = list.current?.querySelector<HTMLElement>(`[data-index="${index}"] .line-head`);
    row?.focus();
    return row != null;
  };
  useLayoutEffect(() => {
    if (focusSoon.current !== undefined && focusRow(focusSoon.current)) focusSoon.current = undefined;
  });
  const windowed = lines.length > MAX_ROWS;
  return {
    list,
    rows: windowed
      ? virtual.getVirtualItems().map(({ index, start }) => ({ index, top: start - margin }))
      : lines.map((_, index) => ({ index, top: undefined })),
    height: windowed ? virtual.getTotalSize() : undefined,
    measure: virtual.measureElement,
    onFocus,
    focus(index) {
      if (lines[index] === undefined || focusRow(index)) return;
      focusSoon.current = index;
      virtual.scrollToIndex(index);
    },
  };
}

/** Returns the distance of an element from the top of the page. */
function useDistanceFromTop(ref: RefObject<HTMLElement | null>): number {
  const [distance, setDistance] = useState(0);
  useLayoutEffect(() => {
    const measure = () =>
      ref.current && setDistance(Math.round(ref.current.getBoundingClientRect().top + window.scrollY));
    measure();
    // What is above the element changes the height of the page.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [ref]);
  return distance;
}
