import type { DataFrame } from "@grafana/data";
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { parseDurationMs } from "../../range/range.ts";
import { transformed } from "../data/transform.ts";
import type { ExemplarPoint } from "../frames/exemplars.ts";
import type { Panel } from "../model/panel.ts";
import { queryContext, resolveIn, type Scope } from "../queries/context.ts";
import { runExemplars, runTarget } from "../queries/run.ts";
import { readRange } from "../time/range.ts";
import { interpolate } from "../variables/interpolate.ts";

export interface PanelData {
  readonly frames: readonly DataFrame[];
  readonly intervalMs: number;
  /** The scope of the frames. During a refresh it still has the previous time range. */
  readonly scope: Scope;
}

export interface PanelDataState {
  readonly data: PanelData | undefined;
  readonly error: Error | null;
  readonly isFetching: boolean;
  readonly exemplars: readonly ExemplarPoint[];
}

/** Runs a panel's queries. While `live` is false, its previous data is kept. */
export function usePanelData(
  panel: Panel,
  scope: Scope,
  width: number,
  live: boolean,
  wanted: boolean,
): PanelDataState {
  const latest = useRef(scope);
  const responded = useRef(false);
  const busy = useRef(false);
  const failed = useRef<Error | null>(null);
  // A refresh waits for the previous one. Otherwise a query that takes longer than the interval would never complete.
  const waits = busy.current && isRefresh(latest.current, scope);
  if ((live || !responded.current) && !waits) latest.current = scope;
  const own = ownScope(panel, latest.current);
  const points = panel.maxDataPoints ?? Math.ceil(width / 100) * 100;
  const isReady =
    wanted && width > 0 && !own.variables.some(({ isLoading, chosen }) => isLoading && chosen.length === 0);
  const about = [
    own.dashboard.uid,
    panel.key,
    panel.targets,
    points,
    own.range.from.valueOf(),
    own.range.to.valueOf(),
    own.variables.map(({ variable, chosen }) => [variable.name, ...chosen]),
  ];
  const { data, error, isFetching, isPlaceholderData } = useQuery<PanelData>({
    queryKey: ["panel", ...about],
    queryFn: ({ signal }) => load(panel, own, points, signal),
    enabled: isReady,
    placeholderData: (before) => before,
    gcTime: 10_000,
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  // A separate query, because exemplars take longer than the series, and the graph is shown without them if they fail.
  const exemplars = useQuery<readonly ExemplarPoint[]>({
    queryKey: ["exemplars", ...about],
    queryFn: ({ signal }) => loadExemplars(panel, own, points, signal),
    enabled: isReady && panel.targets.some((target) => target.exemplar && !target.hide),
    placeholderData: (before) => before,
    gcTime: 10_000,
    staleTime: Number.POSITIVE_INFINITY,
  });
  responded.current = data !== undefined;
  busy.current = isFetching || exemplars.isFetching;
  // An error is shown until a query succeeds. Otherwise each refresh would show the old data and then the error.
  if (error) failed.current = error;
  else if (data && !isPlaceholderData) failed.current = null;
  return { data, error: failed.current, isFetching, exemplars: exemplars.data ?? NONE };
}

const NONE: readonly ExemplarPoint[] = [];

/** Returns whether only the current time differs. */
const isRefresh = (before: Scope, after: Scope) =>
  before.dashboard === after.dashboard &&
  before.variables === after.variables &&
  String(before.range.raw.from) === String(after.range.raw.from) &&
  String(before.range.raw.to) === String(after.range.raw.to);

/**
 * Returns the scope of a panel, which may have its own time range up to now. As in Grafana, that range is ignored if the
 * dashboard has a fixed time range.
 */
function ownScope({ timeFrom }: Panel, scope: Scope): Scope {
  const { from, to } = scope.range.raw;
  const isFixed = typeof from !== "string" || typeof to !== "string";
  const own = interpolate(timeFrom, resolveIn(scope, {}));
  if (isFixed || parseDurationMs(own) === undefined) return scope;
  const range = readRange(`now-${own}`, "now");
  return range ? { ...scope, range } : scope;
}

async function load(panel: Panel, scope: Scope, points: number, signal: AbortSignal): Promise<PanelData> {
  const context = queryContext(scope, panel, points);
  const targets = panel.targets.filter(({ hide }) => !hide);
  const responses = await Promise.all(
    targets.map((target) => runTarget(target, context, targets.length > 1, signal)),
  );
  const frames = await transformed(responses.flat(), panel.transformations, context.resolve);
  return { frames, intervalMs: context.intervalMs, scope };
}

async function loadExemplars(panel: Panel, scope: Scope, points: number, signal: AbortSignal) {
  const context = queryContext(scope, panel, points);
  const targets = panel.targets.filter(({ hide, exemplar }) => exemplar && !hide);
  return (await Promise.all(targets.map((target) => runExemplars(target, context, signal)))).flat();
}
