import pLimit from "p-limit";
import { TYPES_WITHOUT_NO_VALUE } from "../empty-panels.ts";
import { type Backends, queryExemplars, runQuery } from "./backend-client.ts";
import type { DashboardJson } from "./dashboard-json.ts";
import type { TimeRange } from "./intervals.ts";
import { annotationQueries, panelQueries, type RunnableQuery } from "./list-queries.ts";
import { type VariableSelection, variableSelections } from "./variable-values.ts";

/** The result of one query. */
export interface QueryOutcome {
  readonly query: RunnableQuery;
  /** The values of the variables: `all`, `service=gateway`. */
  readonly selection: string;
  /** The number of values, lines or traces. */
  readonly count: number;
  /** Whether the row of `orTextRow` was returned instead. */
  readonly textRow: boolean;
  /** The backend's message, if the query failed. */
  readonly error?: string;
}

/** The maximum number of concurrent queries, because the machine also runs the stack. */
const MAX_CONCURRENT = 4;

/** Returns the time range of the last `seconds`. */
export function lastSeconds(seconds: number): TimeRange {
  const to = Math.floor(Date.now() / 1000);
  return { from: to - seconds, to };
}

/** Runs every query of every panel and annotation of a dashboard with every selection of its variables. */
export async function queryDashboard(
  dashboard: DashboardJson,
  backends: Backends,
  range: TimeRange,
): Promise<QueryOutcome[]> {
  const runs = (await variableSelections(dashboard, backends, range)).flatMap(
    ({ name, values }: VariableSelection) =>
      panelQueries(dashboard, values, range).map((query) => ({ query, selection: name })),
  );
  runs.push(...annotationQueries(dashboard, range).map((query) => ({ query, selection: "all" })));
  return pLimit(MAX_CONCURRENT).map(runs, async ({ query, selection }) => {
    try {
      return { query, selection, ...(await runQuery(query, backends)) };
    } catch (error) {
      return {
        query,
        selection,
        count: 0,
        textRow: false,
        error: error instanceof Error ? error.message : String(error),
      };
    }
  });
}

/**
 * Describes the problem of an outcome in one line. Returns undefined if the query succeeded and has data, or if the
 * panel may be empty and shows a text for this case. (For a table of traces another panel shows it; `lintDashboard`
 * checks that.)
 */
export function problemOf({ query, selection, count, textRow, error }: QueryOutcome): string | undefined {
  const hasEmptyText = textRow || query.language === "traceql" || !TYPES_WITHOUT_NO_VALUE.has(query.type);
  if (error === undefined && (count > 0 || (query.filledBy.length > 0 && hasEmptyText))) return undefined;
  const what = error ?? (query.filledBy.length > 0 ? "empty, without a row with its text" : "no data");
  return `${query.dashboard}, "${query.panel}" ${query.refId} (${selection}): ${what}\n    ${query.query.replaceAll("\n", "\n    ")}`;
}

/** Reports the panels that should show exemplars but have none, with all values selected. */
export async function panelsWithoutExemplars(
  dashboard: DashboardJson,
  backends: Backends,
  range: TimeRange,
): Promise<string[]> {
  const [all] = await variableSelections(dashboard, backends, range);
  const queries = panelQueries(dashboard, all?.values ?? {}, range).filter(({ exemplars }) => exemplars);
  const problems = await pLimit(MAX_CONCURRENT).map(queries, async (query) => {
    const found = await queryExemplars(query, backends);
    const linked = found.filter(({ trace_id, traceID }) => trace_id ?? traceID);
    if (linked.length > 0) return [];
    return [
      `${query.dashboard}, "${query.panel}" ${query.refId}: ${found.length} exemplars, none with a trace id`,
    ];
  });
  return problems.flat();
}
