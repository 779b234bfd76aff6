import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Sets the document title, such as `Traces · lgtm-lab`. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · lgtm-lab`;
  }, [title]);
}

/** Returns the current time, updated every `everyMs` while the page is visible and `running` is true. */
export function useNow(everyMs = 1000, running = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, running]);
  return now;
}

/** Measures the width of an element in whole pixels. Returns 0 until it is measured. */
export function useWidth<T extends Element>(): readonly [RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(element);
    setWidth(Math.floor(element.getBoundingClientRect().width));
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** Keeps the value of a field while the user edits it. Resets it when `value` changes. */
export function useDraft<T>(value: T) {
  const [from, setFrom] = useState(value);
  const [draft, setDraft] = useState(value);
  if (from !== value) {
    setFrom(value);
    setDraft(value);
  }
  return [draft, setDraft] as const;
}
