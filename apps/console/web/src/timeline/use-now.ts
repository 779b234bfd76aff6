import { useEffect, useState } from "react";

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
