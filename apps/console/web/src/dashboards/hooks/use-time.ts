import type { TimeRange } from "@grafana/data";
import { useCallback, useEffect, useMemo, useState } from "react";
import { parseDurationMs } from "../../range/range.ts";
import { text, useUrlChange, useUrlState } from "../../url/state.ts";
import type { Dashboard } from "../model/dashboard.ts";
import { readRange } from "../time/range.ts";

const plain = text("");
const FASTEST_MS = 1000;

export interface DashboardTime {
  readonly range: TimeRange;
  readonly rawFrom: string;
  readonly rawTo: string;
  readonly refresh: string;
  /** The number of refreshes. */
  readonly tick: number;
  readonly setRange: (from: string, to: string) => void;
  readonly setRefresh: (refresh: string) => void;
  readonly refreshNow: () => void;
}

/** Returns a dashboard's time range and refresh interval, from the URL (Grafana's parameters) or from its file. */
export function useDashboardTime(dashboard: Dashboard): DashboardTime {
  const [urlFrom] = useUrlState("from", plain);
  const [urlTo] = useUrlState("to", plain);
  const [urlRefresh] = useUrlState("refresh", plain);
  const change = useUrlChange();
  const [tick, setTick] = useState(0);
  const given = readRange(urlFrom || dashboard.from, urlTo || (urlFrom ? "now" : dashboard.to));
  const own = readRange(dashboard.from, dashboard.to);
  const [rawFrom, rawTo] = given
    ? [urlFrom || dashboard.from, urlTo || (urlFrom ? "now" : dashboard.to)]
    : own
      ? [dashboard.from, dashboard.to]
      : ["now-1h", "now"];
  // biome-ignore lint/correctness/useExhaustiveDependencies: each refresh evaluates "now" again
  const range = useMemo(() => readRange(rawFrom, rawTo) as TimeRange, [rawFrom, rawTo, tick]);
  const wanted = urlRefresh === "off" ? "" : urlRefresh || dashboard.refresh;
  const every = parseDurationMs(wanted);
  const refresh = every !== undefined && every >= FASTEST_MS ? wanted : "";
  const refreshNow = useCallback(() => setTick((before) => before + 1), []);

  useEffect(() => {
    if (refresh === "" || every === undefined) return;
    const timer = setInterval(() => {
      if (!document.hidden) refreshNow();
    }, every);
    return () => clearInterval(timer);
  }, [refresh, every, refreshNow]);

  return {
    range,
    rawFrom,
    rawTo,
    refresh,
    tick,
    setRange: useCallback((from, to) => change({ from: [from], to: [to] }), [change]),
    setRefresh: useCallback((next) => change({ refresh: [next || "off"] }, { replace: true }), [change]),
    refreshNow,
  };
}
