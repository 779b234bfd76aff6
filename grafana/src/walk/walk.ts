import pLimit from "p-limit";
import { SILENT_WHEN_EMPTY } from "../empty-when-well.ts";
import { type Backends, counted, exemplarsOf } from "./backends.ts";
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
  /** Whether the row of `orWords` was returned instead. */
  readonly words: boolean;
  /** The backend's message, if the query failed. */
  readonly error?: string;
}

/** The maximum number of concurrent queries, because the machine also runs the stack. */
const AT_ONCE = 4;

/** Returns the time range of the last `seconds`. */
export function lately(seconds: number): TimeRange {
  const to = Math.floor(Date.now() / 1000);
  return { from: to - seconds, to };
}

/** Runs every query of every panel and annotation of a dashboard with every choice of its variables. */
export async function walk(
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
      return { query, choice, ...(await counted(query, backends)) };
    } catch (error) {
      return {
        query,
        choice,
        count: 0,
        words: false,
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
export function problem({ query, choice, count, words, error }: Outcome): string | undefined {
  const saysSo = words || query.language === "traceql" || !SILENT_WHEN_EMPTY.has(query.type);
  if (error === undefined && (count > 0 || (query.filledBy.length > 0 && saysSo))) return undefined;
  const what = error ?? (query.filledBy.length > 0 ? "empty, without a row with its text" : "no data");
  return `${query.dashboard}, "${query.panel}" ${query.refId} (${choice}): ${what}\n    ${query.query.replaceAll("\n", "\n    ")}`;
}

/** Reports the panels that should show exemplars but have none, with all values selected. */
export async function withoutExemplars(
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
