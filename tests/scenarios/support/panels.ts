import {
  annotationQueries,
  type Backends,
  countResult,
  defaultValues,
  panelQueries,
  type RunnableQuery,
  readDashboards,
  type TimeRange,
} from "@lgtm-lab/grafana";

const dashboards = readDashboards();

const nameOf = ({ dashboard, panel }: RunnableQuery) => `${dashboard}, "${panel}"`;

/** From a moment (milliseconds since the epoch) until now: older data cannot fill a panel. */
function since(moment: number): TimeRange {
  return { from: Math.floor(moment / 1000), to: Math.ceil(Date.now() / 1000) };
}

async function empty(queries: readonly RunnableQuery[], backends: Backends): Promise<string[]> {
  const counts = await Promise.all(queries.map((query) => countResult(query, backends)));
  return queries.filter((_, index) => counts[index] === 0).map(nameOf);
}

/** Returns the panels that declare that this fault (or `LOAD_TEST`) fills them. */
export const panelsFilledBy = (cause: string, moment: number): RunnableQuery[] =>
  dashboards.flatMap((dashboard) =>
    panelQueries(dashboard, defaultValues(dashboard), since(moment)).filter(({ filledBy }) =>
      filledBy.includes(cause),
    ),
  );

/** Returns the panels that are still empty. */
export const stillEmpty = (cause: string, moment: number, backends: Backends): Promise<string[]> =>
  empty(panelsFilledBy(cause, moment), backends);

/** Returns the missing bands across the graphs: every dashboard has one for faults and one for alerts. */
export const missingBands = (moment: number, backends: Backends): Promise<string[]> =>
  empty(
    dashboards.flatMap((dashboard) => annotationQueries(dashboard, since(moment))),
    backends,
  );
