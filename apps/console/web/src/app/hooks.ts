import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Sets the title of the browser's tab: `Traces · lgtm-lab`. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · lgtm-lab`;
  }, [title]);
}

/** The current time, updated every `everyMs` while the page is visible and `running` is true. */
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

/** The width of an element in whole pixels, 0 until it is measured. */
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

/** The text of a field while a user types. It is reset when the value in the URL changes. */
export function useDraft<T>(value: T) {
  const [from, setFrom] = useState(value);
  const [draft, setDraft] = useState(value);
  if (from !== value) {
    setFrom(value);
    setDraft(value);
  }
  return [draft, setDraft] as const;
}
