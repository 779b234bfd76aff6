import { type RefObject, useEffect, useState } from "react";

/** Panels that nobody has scrolled to load after those that are in sight, one by one. */
const PATIENCE_MS = 1500;
const APART_MS = 120;

/** Whether an element is in sight (or nearly), and whether it should load at all by now. */
export function useSeen(ref: RefObject<HTMLElement | null>, place: number) {
  const [inSight, setInSight] = useState(false);
  const [due, setDue] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        const near = entry?.isIntersecting ?? false;
        setInSight(near);
        if (near) setDue(true);
      },
      { rootMargin: "200px" },
    );
    observer.observe(element);
    const timer = setTimeout(() => setDue(true), PATIENCE_MS + place * APART_MS);
    return () => {
      observer.disconnect();
      clearTimeout(timer);
    };
  }, [ref, place]);
  return { inSight, due };
}
