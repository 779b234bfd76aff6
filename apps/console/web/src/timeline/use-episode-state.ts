import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { listInbox, pagingAlertSeries } from "../api/alerts.ts";
import type { FaultLine } from "../api/faults.ts";
import { firstAffectedCall, linesOfFault } from "../api/faults.ts";
import type { Series } from "../api/prometheus.ts";
import { useNow } from "../app/hooks.ts";
import { type Episode, episodeAt, episodes, latestEpisode } from "./episodes.ts";
import { type Expected, expectedOf } from "./expected.ts";
import { type AlertSeries, type FaultTimeline, faultTimeline } from "./milestones.ts";

const LIVE_MS = 2000;
const HOUR_MS = 3_600_000;
/** The maximum time until alerts are resolved after a fault's end. */
const AFTERMATH_MS = 15 * 60_000;
/** Query this much earlier, to detect alerts that fired before the fault. */
const BEFORE_MS = 10_000;

export interface EpisodeState {
  /** Missing while loading, or if there is no episode. */
  readonly episode: Episode | undefined;
  readonly expected: Expected;
  readonly timeline: FaultTimeline | undefined;
  /** Errors of the queries. */
  readonly errors: readonly Error[];
  /** Whether the first query is still running. */
  readonly pending: boolean;
  readonly now: number;
}

/**
 * Returns one episode of a fault, from its start to the end of its last alert, with data from Loki, Prometheus and the
 * inbox. Refreshes it until it is complete. Without `at`, returns the active or the last episode. Without `fault`,
 * includes all faults.
 */
export function useEpisodeState(fault?: string, at?: number, enabled = true): EpisodeState {
  const now = useNow(1000, enabled);
  const [over, setOver] = useState<string>();
  const lines = useQuery({
    queryKey: ["fault-lines", fault, at],
    queryFn: ({ signal }) => {
      const to = Date.now() + 1000;
      if (at === undefined) return linesOfFault(fault, [to - HOUR_MS, to], "backward", signal);
      const until = Math.max(at, Math.min(to, at + HOUR_MS + AFTERMATH_MS));
      return linesOfFault(fault, [at - BEFORE_MS, until], "forward", signal);
    },
    enabled,
    refetchInterval: ({ state: { data } }) =>
      at !== undefined && data && chosen(data, at)?.end ? false : LIVE_MS,
  });
  const episode = lines.data && chosen(lines.data, at);
  const { fault: name = "", start = 0, end } = episode ?? {};
  const expected = expectedOf(name || (fault ?? ""));
  const key = `${name} ${start}`;
  const options = {
    enabled: episode !== undefined,
    refetchInterval: over === key ? false : LIVE_MS,
  } as const;
  const until = () => Math.min(Date.now(), (end ?? Date.now()) + AFTERMATH_MS);

  const affected = useQuery({
    queryKey: ["first-affected-call", key],
    queryFn: async ({ signal }) => (await firstAffectedCall(name, start, until(), signal)) ?? null,
    ...options,
    refetchInterval: ({ state: { data } }) => (data ? false : options.refetchInterval),
  });
  const alerts = useQuery({
    queryKey: ["paging-alert-series", key],
    queryFn: ({ signal }) => pagingAlertSeries(start - BEFORE_MS, until(), signal),
    ...options,
  });
  const sent = useQuery({
    queryKey: ["inbox", "episode", key],
    queryFn: ({ signal }) => listInbox(Date.now() - start > HOUR_MS ? 1000 : 200, signal),
    ...options,
  });

  const timeline =
    episode &&
    faultTimeline({
      episode,
      expected,
      firstAffected: affected.data ?? undefined,
      alerts: (alerts.data ?? []).map(asAlertSeries),
      deliveries: sent.data?.alerts ?? [],
      now,
    });
  const isComplete = alerts.data !== undefined && sent.data !== undefined && timeline?.complete;
  const isOver = isComplete || (end !== undefined && now > end + AFTERMATH_MS);
  if (isOver !== (over === key)) setOver(isOver ? key : undefined);
  return {
    episode,
    expected,
    timeline,
    errors: [lines.error, affected.error, alerts.error, sent.error].filter((error) => error !== null),
    pending: lines.isPending,
    now,
  };
}

function chosen(lines: readonly FaultLine[], at: number | undefined): Episode | undefined {
  const all = episodes(lines, Date.now());
  return at === undefined ? latestEpisode(all) : episodeAt(all, at);
}

const asAlertSeries = ({ metric, values }: Series): AlertSeries => ({
  labels: metric,
  times: values.map(([time]) => time * 1000),
});
