import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queryRange } from "../api/prometheus.ts";
import type { Point } from "./scale.ts";

const MAX_POINTS = 180;

/** Fetches the points of a query's first series between two times (milliseconds). Refreshes them if `to` is missing. */
export function useSeries(
  expr: string,
  from: number,
  { to, everyMs = 2000 }: { to?: number; everyMs?: number } = {},
) {
  return useQuery({
    queryKey: ["series", expr, from, to],
    queryFn: async ({ signal }) => {
      const end = Math.min(to ?? Number.POSITIVE_INFINITY, Date.now()) / 1000;
      const start = Math.min(from / 1000, end);
      const step = Math.max(1, Math.ceil((end - start) / MAX_POINTS));
      const [series] = await queryRange(expr, { from: start, to: end }, step, signal);
      return (series?.values ?? []).map(([time, value]): Point => [time * 1000, Number(value)]);
    },
    refetchInterval: to === undefined ? everyMs : false,
    placeholderData: keepPreviousData,
  });
}

/** Returns the last value, if any. */
export const lastOf = (points: readonly Point[] | undefined): number | undefined => {
  const value = points?.at(-1)?.[1];
  return Number.isFinite(value) ? value : undefined;
};
