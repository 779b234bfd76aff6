import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

/** What the browser's tab says: `Traces · lgtm-lab`. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · lgtm-lab`;
  }, [title]);
}

/** The time, anew every so often while somebody looks; it stands still while `running` is false. */
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

/** The width of an element, for what is drawn to measure. */
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

/** What is being typed: ahead of the URL, and as the URL has it whenever that changes. */
export function useDraft<T>(value: T) {
  const [from, setFrom] = useState(value);
  const [draft, setDraft] = useState(value);
  if (from !== value) {
    setFrom(value);
    setDraft(value);
  }
  return [draft, setDraft] as const;
}
