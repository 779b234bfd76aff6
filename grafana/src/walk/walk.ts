import pLimit from "p-limit";
import { SILENT_WHEN_EMPTY } from "../empty-when-well.ts";
import { type Backends, exemplarsOf, readResult } from "./backends.ts";
import type { TimeRange } from "./intervals.ts";
import type { DashboardJson } from "./model.ts";
import { annotationQueries, panelQueries, type RunnableQuery } from "./queries.ts";
import { type Choice, choices } from "./variable-values.ts";

/** The result of one query. */
export interface Outcome {
  readonly query: RunnableQuery;
  /** The values of the variables: `all`, `service=gateway`. */
  readonly choice: string;
  /** The number of values, lines or traces. */
  readonly count: number;
  /** Whether the row of `orTextRow` was returned instead. */
  readonly textRow: boolean;
  /** The backend's message, if the query failed. */
  readonly error?: string;
}

/** The maximum number of concurrent queries, because the machine also runs the stack. */
const AT_ONCE = 4;

/** Returns the time range of the last `seconds`. */
export function lastSeconds(seconds: number): TimeRange {
  const to = Math.floor(Date.now() / 1000);
  return { from: to - seconds, to };
}

/** Runs every query of every panel and annotation of a dashboard with every choice of its variables. */
export async function queryDashboard(
  dashboard: DashboardJson,
  backends: Backends,
  range: TimeRange,
): Promise<Outcome[]> {
  const runs = (await choices(dashboard, backends, range)).flatMap(({ name, values }: Choice) =>
    panelQueries(dashboard, values, range).map((query) => ({ query, choice: name })),
  );
  runs.push(...annotationQueries(dashboard, range).map((query) => ({ query, choice: "all" })));
  return pLimit(AT_ONCE).map(runs, async ({ query, choice }) => {
    try {
      return { query, choice, ...(await readResult(query, backends)) };
    } catch (error) {
      return {
        query,
        choice,
        count: 0,
        textRow: false,
        error: error instanceof Error ? error.message : String(error),
      };
    }
  });
}

/**
 * Describes the problem of an outcome in one line. Returns undefined if the query succeeded and has data, or if the
 * panel may be empty and shows a text for this case. (For a table of traces another panel shows it; `wrongStructure`
 * checks that.)
 */
export function problemOf({ query, choice, count, textRow, error }: Outcome): string | undefined {
  const hasEmptyText = textRow || query.language === "traceql" || !SILENT_WHEN_EMPTY.has(query.type);
  if (error === undefined && (count > 0 || (query.filledBy.length > 0 && hasEmptyText))) return undefined;
  const what = error ?? (query.filledBy.length > 0 ? "empty, without a row with its text" : "no data");
  return `${query.dashboard}, "${query.panel}" ${query.refId} (${choice}): ${what}\n    ${query.query.replaceAll("\n", "\n    ")}`;
}

/** Reports the panels that should show exemplars but have none, with all values selected. */
export async function panelsWithoutExemplars(
  dashboard: DashboardJson,
  backends: Backends,
  range: TimeRange,
): Promise<string[]> {
  const [all] = await choices(dashboard, backends, range);
  const queries = panelQueries(dashboard, all?.values ?? {}, range).filter(({ exemplars }) => exemplars);
  const problems = await pLimit(AT_ONCE).map(queries, async (query) => {
    const found = await exemplarsOf(query, backends);
    const linked = found.filter(({ trace_id, traceID }) => trace_id ?? traceID);
    if (linked.length > 0) return [];
    return [
      `${query.dashboard}, "${query.panel}" ${query.refId}: ${found.length} exemplars, none with a trace id`,
    ];
  });
  return problems.flat();
}
