import pLimit from "p-limit";
import { filledBy } from "../empty-panels.ts";
import { countResult } from "../queries/backend-client.ts";
import { type DashboardJson, type PanelJson, panelsOf, type TargetJson } from "../queries/dashboard-json.ts";
import { interpolate, type VariableValues } from "../queries/interpolation.ts";
import { panelStep, type TimeRange } from "../queries/intervals.ts";
import { panelQueries } from "../queries/list-queries.ts";
import { variableSelections } from "../queries/variable-values.ts";
import { DATA_SOURCES } from "../uids.ts";
import type { GrafanaClient } from "./client.ts";
import { backendsThroughGrafana } from "./data-source-proxy.ts";
import { type DsQuery, dsQuery } from "./ds-query.ts";
import { countValues, exemplarIds, type Frame } from "./frames.ts";

const USUAL_POINTS = 1000;

/** The maximum number of panels that are queried concurrently. */
const MAX_CONCURRENT = 4;

/**
 * Queries Grafana for every panel and annotation of a dashboard with every selection of its variables, as the
 * browser does: by ds/query, but TraceQL through the data source's proxy and the service map by its PromQL, because
 * ds/query supports neither. Returns the problems: failed queries, unexpected empty panels, missing exemplars.
 */
export async function queryDashboardByApi(
  client: GrafanaClient,
  dashboard: DashboardJson,
  range: TimeRange,
): Promise<string[]> {
  const backends = backendsThroughGrafana(client);
  const jobs = (await variableSelections(dashboard, backends, range)).flatMap(({ name, values }) =>
    panelsOf(dashboard).map((panel) => async () => {
      const found = await panelProblems({
        client,
        dashboard,
        panel,
        values,
        range,
        allSelected: name === "all",
      });
      return found.map((problem) => `${dashboard.uid}, "${panel.title}" (${name}): ${problem}`);
    }),
  );
  jobs.push(() => annotationProblems(client, dashboard, range));
  return (await pLimit(MAX_CONCURRENT).map(jobs, (job) => job())).flat();
}

interface Job {
  readonly client: GrafanaClient;
  readonly dashboard: DashboardJson;
  readonly panel: PanelJson;
  readonly values: VariableValues;
  readonly range: TimeRange;
  /** All variables are at "All", so there must be exemplars too. */
  readonly allSelected: boolean;
}

async function panelProblems(job: Job): Promise<string[]> {
  const { client, panel, values, range, allSelected } = job;
  if (panel.datasource?.type === "tempo") return await tempoProblems(job);
  const targets = panel.targets ?? [];
  const queries = targets.map((target) => requestOf(target, panel, values, range));
  return await problemsOf(client, queries, range, ({ refId, frames }) => {
    if (countValues(frames) === 0 && filledBy(panel).length === 0) return "no data";
    const exemplars = targets.find((target) => target.refId === refId)?.exemplar;
    return allSelected && exemplars && exemplarIds(frames).length === 0
      ? "no points that lead to traces"
      : undefined;
  });
}

/** Grafana's built-in variables are not replaced: its server does this. */
const requestOf = (
  target: TargetJson,
  panel: PanelJson,
  values: VariableValues,
  range: TimeRange,
): DsQuery => ({
  ...target,
  expr: interpolate(target.expr ?? "", values, "regex"),
  intervalMs: panelStep(range, panel.maxDataPoints) * 1000,
  maxDataPoints: panel.maxDataPoints ?? USUAL_POINTS,
});

async function tempoProblems({ client, dashboard, panel, values, range }: Job): Promise<string[]> {
  const problems: string[] = [];
  const queries = panelQueries({ ...dashboard, panels: [panel] }, values, range);
  for (const [index, query] of queries.entries()) {
    if (query.language === "traceql") {
      const count = await countResult(query, backendsThroughGrafana(client)).catch((error: Error) => error);
      if (count instanceof Error) problems.push(`${query.refId}: ${count.message}`);
      else if (count === 0 && query.filledBy.length === 0) problems.push(`${query.refId}: no traces`);
      continue;
    }
    const datasource = DATA_SOURCES.prometheus;
    const map = { refId: `map${index}`, datasource, expr: query.query, instant: true, intervalMs: 1000 };
    problems.push(
      ...(await problemsOf(client, [map], range, ({ frames }) =>
        countValues(frames) ? undefined : "no data",
      )),
    );
  }
  return problems;
}

/** Annotations may be empty, but must not fail. */
async function annotationProblems(
  client: GrafanaClient,
  dashboard: DashboardJson,
  range: TimeRange,
): Promise<string[]> {
  const queries = (dashboard.annotations.list ?? []).map(({ datasource, expr }, index) => ({
    refId: `Anno${index}`,
    datasource,
    expr,
    range: true,
    interval: "2s",
    intervalMs: panelStep(range) * 1000,
    maxDataPoints: USUAL_POINTS,
  }));
  const problems = await problemsOf(client, queries, range, () => undefined);
  return problems.map((problem) => `${dashboard.uid}, annotations: ${problem}`);
}

async function problemsOf(
  client: GrafanaClient,
  queries: readonly DsQuery[],
  range: TimeRange,
  problemOf: (result: { refId: string; frames: readonly Frame[] }) => string | undefined,
): Promise<string[]> {
  if (queries.length === 0) return [];
  try {
    const results = await dsQuery(client, queries, range);
    return [...results].flatMap(([refId, { frames, error }]) => {
      const problem = error ?? problemOf({ refId, frames });
      return problem ? [`${refId}: ${problem}`] : [];
    });
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
