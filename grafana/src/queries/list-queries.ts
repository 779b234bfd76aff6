import { filledBy } from "../empty-panels.ts";
import {
  type DashboardJson,
  type PanelJson,
  panelsOf,
  type TargetJson,
  variableExpression,
} from "./dashboard-json.ts";
import { interpolate, type VariableValues } from "./interpolation.ts";
import { globalVariables, panelStep, panelTimeRange, type TimeRange } from "./intervals.ts";

export type Language = "promql" | "logql" | "traceql";

/** A query as it is sent to a backend, without variables of Grafana. */
export interface RunnableQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly panelId: number;
  readonly refId: string;
  readonly language: Language;
  readonly query: string;
  /** One value at the end of the range, instead of a line. */
  readonly instant: boolean;
  /** Seconds between two points. */
  readonly step: number;
  readonly range: TimeRange;
  /** Whether its panel shows exemplars. */
  readonly exemplars: boolean;
  /** The maximum number of lines or traces. */
  readonly limit: number;
  /** The faults that fill the panel, or `LOAD_TEST`; none if the panel must never be empty. */
  readonly filledBy: readonly string[];
  /** The text of the panel when it is empty. A series with this text in a label is not data. */
  readonly emptyText: string | undefined;
  /** The type of the panel; some types do not show `noValue`. */
  readonly type: string;
}

/**
 * The queries that Grafana runs for a service map: it queries Prometheus, not Tempo. Nodes and edges exist if the first
 * has a result; the last one has no result before the first failure.
 */
const SERVICE_MAP = [
  "sum by (client, server, connection_type) (rate(traces_service_graph_request_total[$__range]))",
  "sum by (client, server, connection_type) (rate(traces_service_graph_request_server_seconds_sum[$__range]))",
];

const LANGUAGES: Readonly<Record<string, Language>> = {
  prometheus: "promql",
  loki: "logql",
  tempo: "traceql",
};

/** Returns every query of every panel of a dashboard, with these values of its variables. */
export function panelQueries(
  dashboard: DashboardJson,
  values: VariableValues,
  range: TimeRange,
): RunnableQuery[] {
  return panelsOf(dashboard).flatMap((panel) =>
    (panel.targets ?? []).flatMap((target) => runnable(dashboard, panel, target, values, range)),
  );
}

function runnable(
  dashboard: DashboardJson,
  panel: PanelJson,
  target: TargetJson,
  values: VariableValues,
  dashboardRange: TimeRange,
): RunnableQuery[] {
  const range = panelTimeRange(dashboardRange, panel.timeFrom && interpolate(panel.timeFrom, values, "pipe"));
  const map = target.queryType === "serviceMap";
  const language = map ? "promql" : LANGUAGES[target.datasource.type];
  if (!language)
    throw new Error(`${dashboard.uid}, ${panel.title}: no such data source: ${target.datasource.type}`);
  const step = panelStep(range, panel.maxDataPoints);
  const all = { ...values, ...globalVariables(range, step) };
  const texts = map ? SERVICE_MAP : [target.expr ?? target.query ?? ""];
  return texts.map((text) => ({
    dashboard: dashboard.uid,
    panel: panel.title,
    panelId: panel.id,
    refId: target.refId,
    language,
    query: interpolate(text, all, language === "traceql" ? "pipe" : "regex"),
    instant: map || target.instant === true || target.queryType === "instant",
    step,
    range,
    exemplars: target.exemplar === true,
    limit: target.limit ?? target.maxLines ?? 20,
    filledBy: filledBy(panel),
    emptyText: panel.fieldConfig?.defaults.noValue,
    type: panel.type,
  }));
}

/** Returns the queries of the variables that PromQL computes. */
export const variableQueries = (
  { uid, templating }: DashboardJson,
  values: VariableValues,
  range: TimeRange,
): RunnableQuery[] =>
  (templating.list ?? []).flatMap((variable) => {
    const expression = variableExpression(variable);
    if (expression === undefined) return [];
    const step = panelStep(range);
    return [
      {
        dashboard: uid,
        panel: `variable ${variable.name}`,
        panelId: 0,
        refId: "A",
        language: "promql",
        query: interpolate(expression, { ...values, ...globalVariables(range, step) }, "regex"),
        instant: true,
        step,
        range,
        exemplars: false,
        limit: 0,
        filledBy: [],
        emptyText: undefined,
        type: "variable",
      },
    ];
  });

/** Returns the queries of a dashboard's annotations. They may be empty, but must not fail. */
export function annotationQueries(dashboard: DashboardJson, range: TimeRange): RunnableQuery[] {
  const step = panelStep(range);
  return (dashboard.annotations.list ?? []).map((annotation) => ({
    dashboard: dashboard.uid,
    panel: `annotation ${annotation.name}`,
    panelId: 0,
    refId: "A",
    language: "promql",
    query: interpolate(annotation.expr, globalVariables(range, step), "regex"),
    instant: false,
    step,
    range,
    exemplars: false,
    limit: 0,
    filledBy: ["a fault"],
    emptyText: undefined,
    type: "annotation",
  }));
}
