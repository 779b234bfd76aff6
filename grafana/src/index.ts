export { type EmptyWhenHealthy, filledBy, LOAD_TEST, MECHANISM } from "./empty-panels.ts";
export { generateGrafana } from "./generate-grafana.ts";
export { lintDashboard, PANEL_TYPES } from "./lint/dashboard.ts";
export { APPEARS_WITH_FIRST_EVENT, type KnownNames, lintQuery, readKnownNames } from "./lint/query.ts";
export { type Backends, countResult, queryExemplars, searchTraces } from "./queries/backend-client.ts";
export {
  type DashboardJson,
  type PanelJson,
  panelsOf,
  readDashboards,
  type TargetJson,
} from "./queries/dashboard-json.ts";
export {
  type DataSourceJson,
  PROVISIONING_VARIABLES,
  readDataSources,
  type Span,
  traceToLogsQuery,
  traceToMetricsQueries,
} from "./queries/data-sources.ts";
export { interpolate, type VariableValue, type VariableValues } from "./queries/interpolation.ts";
export { globalVariables, panelStep, type TimeRange } from "./queries/intervals.ts";
export {
  annotationQueries,
  panelQueries,
  type RunnableQuery,
  variableQueries,
} from "./queries/list-queries.ts";
export {
  lastSeconds,
  panelsWithoutExemplars,
  problemOf,
  type QueryOutcome,
  queryDashboard,
} from "./queries/run-queries.ts";
export {
  defaultValue,
  defaultValues,
  type VariableSelection,
  variableOptions,
  variableSelections,
} from "./queries/variable-values.ts";
export { DASHBOARDS, DATA_SOURCES, type DashboardName } from "./uids.ts";
