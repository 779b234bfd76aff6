import { useEffect, useState } from "react";
import { readLogLines } from "../../api/loki.ts";
import { inOrder, type Line } from "../../lines/read.ts";

const EVERY_MS = 1000;
/** The maximum number of lines that are kept while following. */
export const MOST_LINES = 500;
/** A line may reach Loki after one that is younger. */
const OVERLAP_MS = 3000;
const BEGIN_MS = 60_000;

export interface Tail {
  readonly lines: readonly Line[];
  readonly error: Error | undefined;
}

/** The latest lines as they come, asked for once a second while `running`. */
export function useTail(query: string, running: boolean): Tail {
  const [tail, setTail] = useState<Tail & { readonly of: string }>({
    of: query,
    lines: [],
    error: undefined,
  });
  useEffect(() => {
    if (!running) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = Date.now() - BEGIN_MS;
    const look = async () => {
      const begun = Date.now();
      try {
        const more = await readLogLines(query, { from, to: begun + 60_000, limit: MOST_LINES }, signal);
        from = begun - OVERLAP_MS;
        setTail((old) => ({
          of: query,
          lines: appended(old.of === query ? old.lines : [], more, MOST_LINES),
          error: undefined,
        }));
      } catch (error) {
        if (signal.aborted) return;
        setTail((old) => ({ of: query, lines: old.of === query ? old.lines : [], error: error as Error }));
      }
      if (!signal.aborted) timer = setTimeout(() => void look(), EVERY_MS);
    };
    void look();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [query, running]);
  return tail.of === query ? tail : { lines: [], error: undefined };
}

/**
 * Lines that came since, behind those that were there: each once, and at most `most` of them, the oldest go. The end of
 * what was there is compared, since the same moment is asked about twice.
 */
export function appended(before: readonly Line[], more: readonly Line[], most: number): readonly Line[] {
  const known = new Set(before.slice(-more.length * 2 - 500).map(({ key }) => key));
  const fresh = more.filter(({ key }) => !known.has(key));
  return fresh.length === 0 ? before : [...before, ...fresh].sort(inOrder).slice(-most);
}
