import type { TimeRange } from "@grafana/data";
import { SCRAPE_INTERVAL_MS } from "@lgtm-lab/contracts/services";
import { parseDurationMs } from "../../range/range.ts";
import type { Dashboard } from "../model/dashboard.ts";
import type { Panel } from "../model/panel.ts";
import { intervalOf, rateIntervalOf, written } from "../time/interval.ts";
import type { Meaning, Resolve } from "../variables/interpolate.ts";
import { meaningOf, type VariableState } from "../variables/values.ts";

/** The variables and the time range that the queries and links of a dashboard use. */
export interface Scope {
  readonly dashboard: Dashboard;
  readonly variables: readonly VariableState[];
  readonly range: TimeRange;
}

/** What the queries of a panel need besides their text. */
export interface QueryContext {
  readonly scope: Scope;
  readonly intervalMs: number;
  readonly resolve: Resolve;
}

/** The width of a panel, in pixels, if it is not known. Grafana requests one point for each pixel. */
const DEFAULT_WIDTH = 1000;

/** Returns the input for the queries of a panel that is `width` pixels wide. */
export function queryContext(
  scope: Scope,
  panel?: Pick<Panel, "maxDataPoints" | "interval">,
  width = DEFAULT_WIDTH,
): QueryContext {
  const rangeMs = scope.range.to.valueOf() - scope.range.from.valueOf();
  const points = panel?.maxDataPoints ?? Math.max(100, Math.round(width));
  const minIntervalMs = Math.max(SCRAPE_INTERVAL_MS, parseDurationMs(panel?.interval ?? "") ?? 0);
  const intervalMs = intervalOf(rangeMs, points, minIntervalMs);
  return { scope, intervalMs, resolve: resolveIn(scope, builtIns(scope, intervalMs)) };
}

/** Creates a lookup of variables: first the dashboard's, then Grafana's built-in ones. */
export function resolveIn({ variables }: Scope, extra: Readonly<Record<string, Meaning>>): Resolve {
  return (path) => {
    const state = variables.find(({ variable }) => variable.name === path);
    return state ? meaningOf(state) : Object.hasOwn(extra, path) ? extra[path] : undefined;
  };
}

/** Returns the values of Grafana's built-in variables, such as `$__interval`. */
export function builtIns({ dashboard, range }: Scope, intervalMs: number): Readonly<Record<string, string>> {
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const rangeMs = to - from;
  const seconds = Math.round(rangeMs / 1000);
  return {
    __interval: written(intervalMs),
    __interval_ms: `${intervalMs}`,
    __auto: written(intervalMs),
    __rate_interval: written(rateIntervalOf(intervalMs)),
    __rate_interval_ms: `${rateIntervalOf(intervalMs)}`,
    __range: `${seconds}s`,
    __range_s: `${seconds}`,
    __range_ms: `${rangeMs}`,
    __from: `${from}`,
    __to: `${to}`,
    __dashboard: dashboard.title,
    "__dashboard.uid": dashboard.uid,
    __org: "1",
    "__org.id": "1",
    "__user.login": "",
    timeFilter: "",
  };
}
