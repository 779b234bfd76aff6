import { type RefObject, useEffect, useState } from "react";

/** Panels out of view load after this time, one after the other. */
const PATIENCE_MS = 1500;
const APART_MS = 120;

/** Returns whether an element is in view or close to it, and whether it should load now. */
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
