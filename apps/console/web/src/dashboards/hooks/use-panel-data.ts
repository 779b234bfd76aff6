import type { DataFrame } from "@grafana/data";
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { transformed } from "../data/transform.ts";
import type { ExemplarPoint } from "../frames/exemplars.ts";
import type { Panel } from "../model/panel.ts";
import { queryContext, type Scope } from "../queries/context.ts";
import { runTarget } from "../queries/run.ts";
import { milliseconds } from "../time/interval.ts";
import { readRange } from "../time/range.ts";

export interface PanelData {
  readonly frames: readonly DataFrame[];
  readonly exemplars: readonly ExemplarPoint[];
  readonly intervalMs: number;
  /** What the frames are about: while a refresh is under way still the time before. */
  readonly scope: Scope;
}

export interface PanelDataState {
  readonly data: PanelData | undefined;
  readonly error: Error | null;
  readonly isFetching: boolean;
}

/** Asks a panel's queries. While `live` is false, what it has shown stays. */
export function usePanelData(
  panel: Panel,
  scope: Scope,
  width: number,
  live: boolean,
  wanted: boolean,
): PanelDataState {
  const latest = useRef(scope);
  const answered = useRef(false);
  if (live || !answered.current) latest.current = scope;
  const own = ownScope(panel, latest.current);
  const points = panel.maxDataPoints ?? Math.ceil(width / 100) * 100;
  const ready =
    wanted && width > 0 && !own.variables.some(({ isLoading, chosen }) => isLoading && chosen.length === 0);
  const { data, error, isFetching } = useQuery<PanelData>({
    queryKey: [
      "panel",
      own.dashboard.uid,
      panel.key,
      panel.targets,
      points,
      own.range.from.valueOf(),
      own.range.to.valueOf(),
      own.variables.map(({ variable, chosen }) => [variable.name, ...chosen]),
    ],
    queryFn: ({ signal }) => load(panel, own, points, signal),
    enabled: ready,
    placeholderData: (before: PanelData | undefined) => before,
    gcTime: 10_000,
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  answered.current = data !== undefined;
  return { data, error, isFetching };
}

/** A panel may have a time range of its own. */
function ownScope({ timeFrom }: Panel, scope: Scope): Scope {
  const range = milliseconds(timeFrom) === undefined ? undefined : readRange(`now-${timeFrom}`, "now");
  return range ? { ...scope, range } : scope;
}

async function load(panel: Panel, scope: Scope, points: number, signal: AbortSignal): Promise<PanelData> {
  const context = queryContext(scope, panel, points);
  const targets = panel.targets.filter(({ hide }) => !hide);
  const answers = await Promise.all(
    targets.map((target) => runTarget(target, context, targets.length > 1, signal)),
  );
  const frames = answers.flatMap((answer) => answer.frames);
  return {
    frames: await transformed(frames, panel.transformations, context.resolve),
    exemplars: answers.flatMap(({ exemplars }) => exemplars),
    intervalMs: context.intervalMs,
    scope,
  };
}
