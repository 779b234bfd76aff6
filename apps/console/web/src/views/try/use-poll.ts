import { useEffect, useState } from "react";
import { type Looked, poll } from "./poll.ts";

export interface Polled<T> {
  readonly state: "waiting" | "found" | "late" | "failed";
  readonly value?: T;
  readonly missing: readonly string[];
  /** Milliseconds from the beginning until everything was there. */
  readonly took?: number;
  readonly error?: Error;
}

const EVERY_MS = 150;
const DEADLINE_MS = 10_000;
const BEGINNING = { state: "waiting", missing: [] } as const;

/** Looks for something until it is there; anew when `key` changes or when `again` is called. */
export function usePoll<T>(key: string, look: (signal: AbortSignal) => Promise<Looked<T>>) {
  const [polled, setPolled] = useState<{ readonly of: string } & Polled<T>>({ of: key, ...BEGINNING });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is looked for is in the key
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const begun = performance.now();
    const set = (next: Polled<T>) => !signal.aborted && setPolled({ of: key, ...next });
    setPolled({ of: key, ...BEGINNING });
    poll({
      everyMs: EVERY_MS,
      deadlineMs: DEADLINE_MS,
      signal,
      look,
      onProgress: (looked) => set({ state: "waiting", ...looked }),
    }).then(
      (looked) => {
        const took = performance.now() - begun;
        set(looked.missing.length === 0 ? { state: "found", ...looked, took } : { state: "late", ...looked });
      },
      (error: Error) => set({ state: "failed", missing: [], error }),
    );
    return () => leaving.abort();
  }, [key, round]);
  const current: Polled<T> = polled.of === key ? polled : BEGINNING;
  return { ...current, again: () => setRound(round + 1) };
}
