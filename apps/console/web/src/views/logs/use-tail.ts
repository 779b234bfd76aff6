import { useQuery } from "@tanstack/react-query";
import { fetchLogLines } from "../../api/loki.ts";
import { inOrder, type Line } from "../../lines/read.ts";

const REFETCH_MS = 1000;
/** The maximum number of live lines. */
export const MAX_LINES = 500;
/** The overlap of consecutive queries, because Loki may receive lines out of order. */
const OVERLAP_MS = 3000;
/** The time range of the first query, before now. */
const FIRST_RANGE_MS = 60_000;

interface Tail {
  readonly lines: readonly Line[];
  /** Start of the next query: Unix time in milliseconds. */
  readonly from: number;
}

/** Fetches the latest lines of a query once a second while `running`. Continues after an error. */
export function useTail(
  query: string,
  running: boolean,
): { readonly lines: readonly Line[]; readonly error: Error | null } {
  const { data, error } = useQuery<Tail>({
    queryKey: ["tail", query],
    queryFn: async ({ signal, client, queryKey }) => {
      const now = Date.now();
      const { lines, from } = client.getQueryData<Tail>(queryKey) ?? {
        lines: [],
        from: now - FIRST_RANGE_MS,
      };
      const more = await fetchLogLines(query, { from, to: now + 60_000, limit: MAX_LINES }, signal);
      return { lines: appended(lines, more, MAX_LINES), from: now - OVERLAP_MS };
    },
    enabled: running,
    refetchInterval: REFETCH_MS,
    refetchIntervalInBackground: true,
    structuralSharing: false,
    gcTime: 1000,
  });
  return { lines: data?.lines ?? [], error };
}

/** Adds new lines and keeps the latest `maxLines`. Removes duplicates, because time ranges overlap. */
export function appended(before: readonly Line[], more: readonly Line[], maxLines: number): readonly Line[] {
  const known = new Set(before.slice(-more.length * 2 - 500).map(({ key }) => key));
  const fresh = more.filter(({ key }) => !known.has(key));
  return fresh.length === 0 ? before : [...before, ...fresh].sort(inOrder).slice(-maxLines);
}
